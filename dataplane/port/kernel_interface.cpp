// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/port/kernel_interface.h"

#include <cerrno>

#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace sluice::port {
namespace {

// Kept for the life of the process: asked ten times a second.
int any_socket() noexcept {
    static const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    return fd;
}

bool flags_of(unsigned index, short& flags) noexcept {
    ifreq request{};
    request.ifr_ifindex = static_cast<int>(index);
    if (::ioctl(any_socket(), SIOCGIFNAME, &request) != 0) return false;
    if (::ioctl(any_socket(), SIOCGIFFLAGS, &request) != 0) return false;
    flags = request.ifr_flags;
    return true;
}

}  // namespace

bool kernel_interface_exists(unsigned index) noexcept {
    short flags = 0;
    return flags_of(index, flags);
}

bool kernel_interface_runs(unsigned index) noexcept {
    short flags = 0;
    return flags_of(index, flags) && (flags & IFF_UP) != 0 && (flags & IFF_RUNNING) != 0;
}

int set_kernel_interface_mtu(unsigned index, uint32_t mtu) noexcept {
    ifreq request{};
    request.ifr_ifindex = static_cast<int>(index);
    if (::ioctl(any_socket(), SIOCGIFNAME, &request) != 0) return -errno;
    request.ifr_mtu = static_cast<int>(mtu);
    return ::ioctl(any_socket(), SIOCSIFMTU, &request) == 0 ? 0 : -errno;
}

}  // namespace sluice::port
