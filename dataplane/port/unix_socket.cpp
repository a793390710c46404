// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/port/unix_socket.h"

#include <cerrno>
#include <cstring>
#include <string_view>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/log.h"

namespace sluice::port::unix_socket {
namespace {

constexpr std::string_view memif = "net_memif", vhost = "net_vhost", virtio = "net_virtio_user";

// The last one counts, as it does for the drivers.
std::string value_of(const std::string& arguments, std::string_view key) {
    const std::string wanted = "," + std::string(key) + "=";
    const size_t at = arguments.rfind(wanted);
    if (at == std::string::npos) return {};
    const size_t begin = at + wanted.size();
    return arguments.substr(begin, arguments.find(',', begin) - begin);
}

bool is_socket(const std::string& path) {
    struct stat found {};
    return ::stat(path.c_str(), &found) == 0 && S_ISSOCK(found.st_mode);
}

bool is_dead(const std::string& path, int type) {
    sockaddr_un address{};
    if (path.size() >= sizeof address.sun_path || !is_socket(path)) return false;
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    const int probe = ::socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const bool refused =
        probe >= 0 &&
        ::connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 &&
        errno == ECONNREFUSED;
    ::close(probe);
    return refused;
}

}  // namespace

std::string listens_at(const std::string& arguments) {
    if (arguments.starts_with(memif)) {
        const bool listens = value_of(arguments, "role") == "server";
        // An abstract socket, which is what memif takes unless told not to, leaves nothing behind.
        const bool is_file = value_of(arguments, "socket-abstract") == "no";
        return listens && is_file ? value_of(arguments, "socket") : "";
    }
    if (arguments.starts_with(vhost)) {
        return value_of(arguments, "client") == "1" ? "" : value_of(arguments, "iface");
    }
    if (arguments.starts_with(virtio) && value_of(arguments, "server") == "1") {
        return value_of(arguments, "path");
    }
    return {};
}

void remove_left_over(const std::string& arguments) {
    const std::string path = listens_at(arguments);
    const int type = arguments.starts_with(memif) ? SOCK_SEQPACKET : SOCK_STREAM;
    if (path.empty() || !is_dead(path, type)) return;
    spdlog::info("event=socket_removed path=\"{}\" reason=\"nobody listens at it\"", path);
    ::unlink(path.c_str());
}

bool connects_once(const std::string& arguments) {
    if (arguments.starts_with(memif)) return value_of(arguments, "role") != "server";
    // The path may be the kernel's own device instead of a socket. vhost comes back by itself.
    return arguments.starts_with(virtio) && value_of(arguments, "server") != "1" &&
           is_socket(value_of(arguments, "path"));
}

}  // namespace sluice::port::unix_socket
