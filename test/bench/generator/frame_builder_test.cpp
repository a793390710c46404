// SPDX-License-Identifier: BSD-3-Clause
#include "bench/generator/frame_builder.h"

#include <gtest/gtest.h>

#include "test/bench/generator/frames.h"

namespace sluice::generator {
namespace {

const Endpoints some_endpoints{net::be32(0x0a010002), net::be32(0x0a020304), net::be16(1024),
                               net::be16(9)};

TEST(FrameBuilder, MakesUdpPacketsWhoseChecksumsHoldInEverySize) {
    for (const uint32_t size : {64u, 65u, 127u, 128u, 132u, 133u, 512u, 1518u, 9018u}) {
        const test::Frame frame(built(some_endpoints, signature(3, 4, 5), size));
        EXPECT_EQ(frame.size(), size - 4);
        EXPECT_TRUE(frame.checksums_hold()) << size;
        EXPECT_EQ(frame.ipv4().total_length.host(), size - 4 - 14);
    }
}

TEST(FrameBuilder, PutsEndpointsAndMacsWhereTheyBelong) {
    const test::Frame frame(built(some_endpoints, signature(0)));
    EXPECT_EQ(frame.ethernet().source, some_macs().from);
    EXPECT_EQ(frame.ethernet().destination, some_macs().to);
    EXPECT_EQ(frame.ipv4().source_address(), test::ip("10.1.0.2"));
    EXPECT_EQ(frame.ipv4().destination_address(), test::ip("10.2.3.4"));
    const Bytes udp = frame.ip_payload();
    EXPECT_EQ(udp[0] << 8 | udp[1], 1024);
    EXPECT_EQ(udp[2] << 8 | udp[3], 9);
}

TEST(FrameBuilder, NeverSendsAnUdpChecksumOfZeroWhichWouldMeanNone) {
    bool seen = false;  // some of 2^17 packets have a sum that gives it
    const FrameBuilder builder(64, some_macs());
    Bytes frame(FrameBuilder::image_length);
    for (uint32_t sequence = 0; sequence < 1u << 17; ++sequence) {
        builder.write(frame.data(), some_endpoints, signature(1, sequence));
        EXPECT_NE(udp_of(frame).checksum.raw(), 0);
        seen |= udp_of(frame).checksum.raw() == 0xffff;
    }
    EXPECT_TRUE(seen);
}

TEST(FrameBuilder, LeavesNothingOfWhatWasInTheBuffer) {
    const Bytes frame = built(some_endpoints, signature(0), 1518);
    for (size_t i = smallest_frame; i < frame.size(); ++i) ASSERT_EQ(frame[i], 0) << i;
}

TEST(FrameBuilder, PutsATunnelsHeadersInFront) {
    for (const bool keyed : {false, true}) {
        const Tunnel gre{net::Protocol::gre, test::ip("10.2.0.2"), test::ip("10.2.0.1"),
                         keyed ? std::optional<uint32_t>(7) : std::nullopt};
        const Tunnels tunnels{gre, 4, *net::parse_prefix("10.2.0.0/16")};
        Bytes frame = built(some_endpoints, signature(0), 64, &tunnels, 3);
        ASSERT_EQ(frame.size(), 60u + gre.overhead());
        EXPECT_EQ(gre.overhead(), keyed ? 28u : 24u);
        EXPECT_TRUE(net::checksum_holds(&ip_of(frame), 20));
        EXPECT_EQ(ip_of(frame).source_address(), test::ip("10.2.0.5"));
        EXPECT_EQ(ip_of(frame).destination_address(), test::ip("10.2.0.1"));
        EXPECT_EQ(ip_of(frame).total_length.host(), frame.size() - 14);
        EXPECT_EQ(ip_of(frame, 14 + gre.overhead()).destination_address(), test::ip("10.2.3.4"));
    }
}

TEST(Tunnels, ShareOutTheHostsBehindThemEvenly) {
    const Tunnels tunnels{{}, 4, *net::parse_prefix("10.2.0.0/16")};
    EXPECT_EQ(tunnels.of(net::be32(0x0a020000)), 0u);
    EXPECT_EQ(tunnels.of(net::be32(0x0a023fff)), 0u);
    EXPECT_EQ(tunnels.of(net::be32(0x0a024000)), 1u);
    EXPECT_EQ(tunnels.of(net::be32(0x0a02ffff)), 3u);
    EXPECT_EQ((Tunnels{{}, 1, *net::parse_prefix("0.0.0.0/0")}.of(net::be32(~0u))), 0u);
    EXPECT_EQ((Tunnels{{}, 4, *net::parse_prefix("10.2.0.4/30")}.of(net::be32(0x0a020006))), 2u);
}

}  // namespace
}  // namespace sluice::generator
