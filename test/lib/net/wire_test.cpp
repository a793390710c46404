// SPDX-License-Identifier: BSD-3-Clause
#include "lib/net/wire.h"

#include <cstring>

#include <gtest/gtest.h>

namespace sluice::net {
namespace {

TEST(Ipv4Header, ReadsItsFieldsFromTheWire) {
    // A middle fragment with don't-fragment unset: offset 185 words, more to come.
    const unsigned char wire[20] = {0x46, 0x10, 0x05, 0xdc, 0xab, 0xcd, 0x20, 0xb9, 0x3f, 0x11,
                                    0x12, 0x34, 10,   0,    0,    1,    192,  0,    2,    1};
    Ipv4Header ip;
    std::memcpy(static_cast<void*>(&ip), wire, sizeof ip);
    EXPECT_EQ(ip.version(), 4u);
    EXPECT_EQ(ip.header_length(), 24u);
    EXPECT_EQ(ip.tos, 0x10);
    EXPECT_EQ(ip.total_length.host(), 1500);
    EXPECT_EQ(ip.identification.host(), 0xabcd);
    EXPECT_FALSE(ip.dont_fragment());
    EXPECT_TRUE(ip.more_fragments());
    EXPECT_EQ(ip.fragment_offset(), 1480u);
    EXPECT_TRUE(ip.is_fragment());
    EXPECT_EQ(ip.ttl, 63);
    EXPECT_TRUE(ip.protocol == Protocol::udp);
    EXPECT_EQ(ip.checksum.host(), 0x1234);
    EXPECT_EQ(ip.source_address(), addr(10, 0, 0, 1));
    EXPECT_EQ(ip.destination_address(), addr(192, 0, 2, 1));
}

TEST(Ipv4Header, IsAFragmentFromTheFirstToTheLast) {
    Ipv4Header ip{};
    ip.flags_and_offset = be16(ipv4_dont_fragment);
    EXPECT_FALSE(ip.is_fragment()) << "whole, and to stay so";
    EXPECT_TRUE(ip.dont_fragment());
    ip.flags_and_offset = be16(ipv4_more_fragments);
    EXPECT_TRUE(ip.is_fragment()) << "the first";
    ip.flags_and_offset = be16(0x1fff);
    EXPECT_TRUE(ip.is_fragment()) << "the last";
    EXPECT_EQ(ip.fragment_offset(), 65528u);
    ip.flags_and_offset = be16(0x8000);
    EXPECT_FALSE(ip.is_fragment()) << "the reserved bit says nothing";
}

TEST(IcmpTypes, AreErrorsExactlyWhenTheyQuoteAPacket) {
    for (const uint8_t type : {3, 4, 5, 11, 12})
        EXPECT_TRUE(icmp::is_error(type)) << unsigned{type};
    for (const uint8_t type : {0, 8, 9, 10, 13, 14, 15, 16, 17, 18, 255}) {
        EXPECT_FALSE(icmp::is_error(type)) << unsigned{type};
    }
}

}  // namespace
}  // namespace sluice::net
