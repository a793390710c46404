// SPDX-License-Identifier: BSD-3-Clause
#include "lib/net/address6.h"

#include <gtest/gtest.h>

#include "lib/net/wire6.h"

namespace sluice::net {
namespace {

constexpr Ipv6Address host{0x2001'0db8'0001'0000, 0x9};

TEST(Ipv6Address, IsReadAndWrittenAsRfc5952WantsIt) {
    EXPECT_EQ(parse_address6("2001:0DB8:1:0:0:0:0:9"), host);
    EXPECT_EQ(to_string(host), "2001:db8:1::9");
    EXPECT_EQ(parse_address6("::"), Ipv6Address{});
    EXPECT_EQ(to_string(Ipv6Address{0, 0xffff'0102'0304}), "::ffff:1.2.3.4");
}

TEST(Ipv6Address, OfAnyOtherTextIsNone) {
    for (const char* text : {"", "1.2.3.4", "2001:db8", "::1%eth0", "2001:db8::1/64",
                             ":::", "g::", "1:2:3:4:5:6:7:8:9",
                             "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000"}) {
        EXPECT_FALSE(parse_address6(text)) << text;
    }
    EXPECT_FALSE(parse_address6(std::string_view("::1\0", 4)));
}

TEST(Ipv6InterfaceAddress, HasALengthOfItsNetwork) {
    EXPECT_EQ(parse_interface_address6("2001:db8:1::9/64"), (Ipv6InterfaceAddress{host, 64}));
    for (const char* text : {"2001:db8::1", "2001:db8::1/", "2001:db8::1/129", "2001:db8::1/064",
                             "2001:db8::1/-1", "2001:db8::1/64 "}) {
        EXPECT_FALSE(parse_interface_address6(text)) << text;
    }
}

TEST(Ipv6Prefix, ContainsWhatAgreesInItsBits) {
    for (unsigned length = 0; length <= 128; ++length) {
        const Ipv6Prefix prefix = Ipv6Prefix::of(host, length);
        EXPECT_TRUE(prefix.contains(host));
        if (length == 0) continue;
        Ipv6Address other = host;  // with its last bit that counts turned over
        (length <= 64 ? other.high : other.low) ^= uint64_t{1}
                                                   << (length <= 64 ? 64 - length : 128 - length);
        EXPECT_FALSE(prefix.contains(other)) << length;
        if (length == 128) continue;
        Ipv6Address inside = host;  // with the first that does not
        (length < 64 ? inside.high : inside.low) ^= uint64_t{1}
                                                    << (length < 64 ? 63 - length : 127 - length);
        EXPECT_TRUE(prefix.contains(inside)) << length;
    }
    EXPECT_EQ(to_string(Ipv6Prefix::of(host, 48)), "2001:db8:1::/48");
}

TEST(Ipv6Address, KnowsItsKind) {
    const auto of = [](const char* text) { return *parse_address6(text); };
    EXPECT_TRUE(of("fe80::1").is_link_local());
    EXPECT_TRUE(of("febf::1").is_link_local());
    EXPECT_FALSE(of("fec0::1").is_link_local());
    EXPECT_TRUE(of("ff02::1").is_multicast());
    EXPECT_TRUE(of("::ffff:10.0.0.1").is_ipv4_mapped());
    EXPECT_TRUE(of("::10.0.0.1").is_ipv4_compatible());
    EXPECT_FALSE(host.is_link_local() || host.is_multicast() || host.is_ipv4_compatible());
}

// RFC 4291 appendix A has this very example.
TEST(Ipv6Address, IsMadeOfAMacAddressAsEui64) {
    EXPECT_EQ(to_string(link_local_of({{0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde}})),
              "fe80::3656:78ff:fe9a:bcde");
}

TEST(Ipv6Address, HasAGroupAndTheGroupAMacAddress) {
    // RFC 4291 2.7.1's example.
    const Ipv6Address group = solicited_node(*parse_address6("4037::01:800:200e:8c6c"));
    EXPECT_EQ(to_string(group), "ff02::1:ff0e:8c6c");
    EXPECT_EQ(to_string(mac_of_group(group)), "33:33:ff:0e:8c:6c");
}

TEST(Ipv6Header, KeepsWhatSharesItsFirstWord) {
    Ipv6Header ip{};
    ip.version_class_flow = be32(0x6ab1'2345);
    EXPECT_EQ(ip.traffic_class(), 0xab);
    ip.set_traffic_class(0x17);
    EXPECT_EQ(ip.version_class_flow.host(), 0x6171'2345u);
    EXPECT_EQ(ip.version(), 6u);
}

}  // namespace
}  // namespace sluice::net
