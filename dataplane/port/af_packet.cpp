// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/port/af_packet.h"

#include <cstdlib>
#include <string_view>

#include <linux/if_packet.h>
#include <sys/socket.h>

extern "C" int __real_setsockopt(int socket, int level, int name, const void* value,
                                 socklen_t length);
extern "C" int __wrap_setsockopt(int socket, int level, int name, const void* value,
                                 socklen_t length);

// PACKET_FANOUT takes a group in the low and how to spread, with flags, in the high half.
extern "C" int __wrap_setsockopt(int socket, int level, int name, const void* value,
                                 socklen_t length) {
    int fanout = 0;
    if (level != SOL_PACKET || name != PACKET_FANOUT || length != sizeof fanout) {
        return __real_setsockopt(socket, level, name, value, length);
    }
    fanout = *static_cast<const int*>(value) & ~(PACKET_FANOUT_FLAG_DEFRAG << 16);
    return __real_setsockopt(socket, level, name, &fanout, sizeof fanout);
}

namespace sluice::port::af_packet {
namespace {

constexpr std::string_view driver = "net_af_packet";
constexpr std::string_view frame_argument = "framesz=";
constexpr uint32_t usual_frame = 2048;
constexpr uint32_t large_frame = 12288;  // whole pages, as a block must be
// packet(7): the kernel's header and addresses come before a frame, aligned to 16 bytes.
constexpr uint32_t before_packet = 80;
constexpr uint32_t before_buffer = 32;  // what of it the driver leaves out

uint32_t frame_size(const std::string& arguments) {
    const size_t at = arguments.find(frame_argument);
    if (at == std::string::npos) return usual_frame;
    return static_cast<uint32_t>(
        std::strtoul(arguments.c_str() + at + frame_argument.size(), nullptr, 10));
}

}  // namespace

std::string complete(const std::string& arguments, uint32_t mtu) {
    if (!arguments.starts_with(driver) || arguments.find(frame_argument) != std::string::npos ||
        mtu + before_packet <= usual_frame) {
        return arguments;
    }
    const std::string size = std::to_string(large_frame);
    return arguments + ",framesz=" + size + ",blocksz=" + size;
}

uint32_t largest_mtu(const std::string& arguments) {
    const uint32_t frame = frame_size(arguments);
    return frame > before_packet ? frame - before_packet : 0;
}

uint32_t smallest_buffer(const std::string& arguments) {
    const uint32_t frame = frame_size(arguments);
    return frame > before_buffer ? frame - before_buffer : 0;
}

}  // namespace sluice::port::af_packet
