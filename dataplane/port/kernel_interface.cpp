// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/port/kernel_interface.h"

#include <cerrno>

#include <linux/ethtool.h>
#include <linux/sockios.h>
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

// The request with the interface's name in it, as all others want it.
bool find(unsigned index, ifreq& request) noexcept {
    request = {};
    request.ifr_ifindex = static_cast<int>(index);
    return ::ioctl(any_socket(), SIOCGIFNAME, &request) == 0;
}

// The kernel looks at links that have changed once a second, unless somebody asks for one.
bool has_carrier(ifreq request) noexcept {
    ethtool_value link{ETHTOOL_GLINK, 0};
    request.ifr_data = reinterpret_cast<char*>(&link);
    return ::ioctl(any_socket(), SIOCETHTOOL, &request) == 0 && link.data != 0;
}

}  // namespace

bool kernel_interface_exists(unsigned index) noexcept {
    ifreq request;
    return find(index, request);
}

bool kernel_interface_runs(unsigned index) noexcept {
    ifreq request;
    if (!find(index, request) || ::ioctl(any_socket(), SIOCGIFFLAGS, &request) != 0) return false;
    const short flags = request.ifr_flags;
    return (flags & IFF_UP) != 0 && ((flags & IFF_RUNNING) != 0 || has_carrier(request));
}

int set_kernel_interface_mtu(unsigned index, uint32_t mtu) noexcept {
    ifreq request;
    if (!find(index, request)) return -errno;
    request.ifr_mtu = static_cast<int>(mtu);
    return ::ioctl(any_socket(), SIOCSIFMTU, &request) == 0 ? 0 : -errno;
}

}  // namespace sluice::port
