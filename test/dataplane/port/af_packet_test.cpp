// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/port/af_packet.h"

#include <gtest/gtest.h>
#include <linux/if_packet.h>
#include <sys/socket.h>

namespace {

struct Asked {
    int level, name, value;
} asked;

}  // namespace

extern "C" int __wrap_setsockopt(int socket, int level, int name, const void* value,
                                 socklen_t length);
// In place of the C library's.
extern "C" int __real_setsockopt(int, int level, int name, const void* value, socklen_t length) {
    asked = {level, name, 0};
    if (length == sizeof asked.value) asked.value = *static_cast<const int*>(value);
    return 17;
}

namespace sluice::port::af_packet {
namespace {

constexpr auto plain = "net_af_packet0,iface=eth0";

TEST(AfPacket, LeavesArgumentsAloneThatHaveRoomEnough) {
    EXPECT_EQ(complete(plain, 1500), plain);
    EXPECT_EQ(largest_mtu(plain), 2048u - 80);
    EXPECT_EQ(complete(plain, largest_mtu(plain)), plain);
}

TEST(AfPacket, MakesRoomForJumboFrames) {
    for (const uint32_t mtu : {largest_mtu(plain) + 1, 9001u}) {
        const std::string completed = complete(plain, mtu);
        EXPECT_EQ(completed, std::string(plain) + ",framesz=12288,blocksz=12288");
        EXPECT_GE(largest_mtu(completed), mtu);
    }
}

TEST(AfPacket, DoesNotOverruleWhoSaysHowLargeAFrameIs) {
    const std::string told = std::string(plain) + ",framesz=4096,blocksz=4096";
    EXPECT_EQ(complete(told, 9001), told);
    EXPECT_EQ(largest_mtu(told), 4096u - 80);
    EXPECT_EQ(smallest_buffer(told), 4096u - 32);
}

TEST(AfPacket, LeavesOtherDriversAlone) {
    EXPECT_EQ(complete("net_tap0,iface=tap0", 9001), "net_tap0,iface=tap0");
    EXPECT_EQ(complete("0000:00:06.0", 9001), "0000:00:06.0");
}

TEST(AfPacket, GrantsNothingWhereAFrameHoldsNothing) {
    for (const char* size : {"0", "16", "nonsense"}) {
        const std::string told = std::string(plain) + ",framesz=" + size;
        EXPECT_EQ(largest_mtu(told), 0u) << size;
        EXPECT_EQ(smallest_buffer(told), 0u) << size;
    }
}

TEST(AfPacket, KeepsTheKernelFromPuttingFragmentsTogether) {
    const int group = 7 | (PACKET_FANOUT_HASH | PACKET_FANOUT_FLAG_DEFRAG) << 16;
    EXPECT_EQ(__wrap_setsockopt(3, SOL_PACKET, PACKET_FANOUT, &group, sizeof group), 17);
    EXPECT_EQ(asked.value, 7 | PACKET_FANOUT_HASH << 16);
}

TEST(AfPacket, LeavesAllOtherSocketOptionsAlone) {
    const int value = PACKET_FANOUT_FLAG_DEFRAG << 16;
    __wrap_setsockopt(3, SOL_PACKET, PACKET_VERSION, &value, sizeof value);
    EXPECT_EQ(asked.value, value);
    __wrap_setsockopt(3, SOL_SOCKET, PACKET_FANOUT, &value, sizeof value);
    EXPECT_EQ(asked.value, value);
    EXPECT_EQ(asked.level, SOL_SOCKET);
}

}  // namespace
}  // namespace sluice::port::af_packet
