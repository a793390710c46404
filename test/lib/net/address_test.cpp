// SPDX-License-Identifier: BSD-3-Clause
#include "lib/net/address.h"

#include <gtest/gtest.h>

namespace sluice::net {
namespace {

struct Refusal {
    const char* text;
    const char* why;
};
void PrintTo(const Refusal& r, std::ostream* out) {
    *out << '"' << r.text << "\" (" << r.why << ')';
}

// One list for all that end in an IPv4 address: what is wrong here is wrong with any length too.
const Refusal not_addresses[] = {
    {"", "nothing"},
    {"1", "one number"},
    {"1.2.3", "three numbers"},
    {"1.2.3.", "no number after the last dot"},
    {".1.2.3", "no number before the first dot"},
    {"1..2.3", "no number between two dots"},
    {"1.2.3.4.", "a dot too many"},
    {"1.2.3.4.5", "five numbers"},
    {"256.0.0.1", "over 255"},
    {"1.2.3.256", "over 255 at the end"},
    {"1.2.3.4294967296", "0 in 32 bits"},
    {"1.2.3.18446744073709551616", "0 in 64 bits"},
    {"01.2.3.4", "a leading zero, octal to some"},
    {"1.2.3.00", "two zeros"},
    {"1.2.3.-4", "a sign"},
    {"+1.2.3.4", "a sign"},
    {"0x1.2.3.4", "hexadecimal"},
    {"1,2,3,4", "commas"},
    {" 1.2.3.4", "a blank before"},
    {"1.2.3.4 ", "a blank after"},
    {"1.2. 3.4", "a blank within"},
    {"1.2.3.4a", "a letter after"},
    {"::1", "IPv6"},
    {"localhost", "a name"},
};

class NotAnAddress : public testing::TestWithParam<Refusal> {};
INSTANTIATE_TEST_SUITE_P(Text, NotAnAddress, testing::ValuesIn(not_addresses));

TEST_P(NotAnAddress, IsRefusedAloneAndWithALength) {
    const std::string text = GetParam().text;
    EXPECT_FALSE(parse_address(text));
    EXPECT_FALSE(parse_prefix(text + "/0"));
    EXPECT_FALSE(parse_interface_address(text + "/24"));
}

TEST(ParseAddress, ReadsWhatItPrints) {
    for (const char* text : {"0.0.0.0", "1.2.3.4", "10.0.0.1", "127.0.0.1", "255.255.255.255"}) {
        const auto address = parse_address(text);
        ASSERT_TRUE(address) << text;
        EXPECT_EQ(to_string(*address), text);
    }
    EXPECT_EQ(parse_address("192.0.2.1"), addr(192, 0, 2, 1));
    EXPECT_EQ(addr(192, 0, 2, 1).value, 0xc0000201u);
}

TEST(ParseAddress, RefusesALengthAndEmbeddedZeroBytes) {
    EXPECT_FALSE(parse_address("10.0.0.0/8"));
    EXPECT_FALSE(parse_address(std::string_view("1.2.3.4\0", 8)));
}

TEST(ParseAddress, ReadsNoFurtherThanItsText) {
    const std::string_view text = "1.2.3.45";
    EXPECT_EQ(parse_address(text.substr(0, 7)), addr(1, 2, 3, 4));
    EXPECT_FALSE(parse_address(text.substr(0, 6)));
}

TEST(ParsePrefix, ReadsWhatItPrints) {
    for (const char* text : {"0.0.0.0/0", "10.0.0.0/8", "192.0.2.128/25", "255.255.255.255/32"}) {
        const auto prefix = parse_prefix(text);
        ASSERT_TRUE(prefix) << text;
        EXPECT_EQ(to_string(*prefix), text);
    }
}

TEST(ParsePrefix, RefusesHostBits) {
    EXPECT_FALSE(parse_prefix("10.0.0.1/8"));
    EXPECT_FALSE(parse_prefix("0.0.0.1/0"));
    EXPECT_FALSE(parse_prefix("192.0.2.129/25"));
    EXPECT_TRUE(parse_prefix("192.0.2.129/32"));
}

class NotALength : public testing::TestWithParam<Refusal> {};
INSTANTIATE_TEST_SUITE_P(Text, NotALength,
                         testing::Values(Refusal{"", "none"}, Refusal{"/", "no number"},
                                         Refusal{"/33", "over 32"}, Refusal{"/-1", "a sign"},
                                         Refusal{"/08", "a leading zero"},
                                         Refusal{"/4294967296", "0 in 32 bits"},
                                         Refusal{"/8 ", "a blank after"}, Refusal{"/8/8", "twice"},
                                         Refusal{"/255.0.0.0", "a mask"},
                                         Refusal{" /8", "a blank before"}));

TEST_P(NotALength, IsRefused) {
    const std::string text = std::string("0.0.0.0") + GetParam().text;
    EXPECT_FALSE(parse_prefix(text));
    EXPECT_FALSE(parse_interface_address(text));
}

TEST(ParseInterfaceAddress, KeepsTheHostBitsAndKnowsTheNetwork) {
    const auto address = parse_interface_address("10.1.2.3/16");
    ASSERT_TRUE(address);
    EXPECT_EQ(address->address, addr(10, 1, 2, 3));
    EXPECT_EQ(address->network(), (Ipv4Prefix{addr(10, 1, 0, 0), 16}));
    EXPECT_EQ(to_string(*address), "10.1.2.3/16");
}

TEST(InterfaceAddress, HasABroadcastAddressOnlyWhereTheNetworkHasRoomForOne) {
    EXPECT_TRUE((InterfaceAddress{addr(10, 0, 0, 1), 30}.has_broadcast()));
    EXPECT_FALSE((InterfaceAddress{addr(10, 0, 0, 1), 31}.has_broadcast()));
    EXPECT_FALSE((InterfaceAddress{addr(10, 0, 0, 1), 32}.has_broadcast()));
}

TEST(Ipv4Prefix, ContainsItsFirstAndLastAddressAndNotTheirNeighbours) {
    for (unsigned length = 1; length <= 32; ++length) {
        const Ipv4Prefix prefix = Ipv4Prefix::of(addr(192, 0, 2, 0), length);
        EXPECT_TRUE(prefix.contains(prefix.address)) << length;
        EXPECT_TRUE(prefix.contains(prefix.last())) << length;
        EXPECT_FALSE(prefix.contains(Ipv4Address{prefix.address.value - 1})) << length;
        EXPECT_FALSE(prefix.contains(Ipv4Address{prefix.last().value + 1})) << length;
        EXPECT_EQ(uint64_t{prefix.last().value} - prefix.address.value + 1,
                  uint64_t{1} << (32 - length));
    }
}

TEST(Ipv4Prefix, OfAnAddressHasNoHostBits) {
    EXPECT_EQ(Ipv4Prefix::of(addr(10, 1, 2, 3), 16), (Ipv4Prefix{addr(10, 1, 0, 0), 16}));
    EXPECT_EQ(Ipv4Prefix::of(addr(10, 1, 2, 3), 32).address, addr(10, 1, 2, 3));
    EXPECT_EQ(Ipv4Prefix::of(addr(10, 1, 2, 3), 0), Ipv4Prefix{});
}

TEST(Ipv4Prefix, ContainsItselfAndWhatIsLongerInside) {
    const auto prefix = Ipv4Prefix::of(addr(10, 1, 0, 0), 16);
    EXPECT_TRUE(prefix.contains(prefix));
    EXPECT_TRUE(prefix.contains(Ipv4Prefix::of(addr(10, 1, 255, 0), 24)));
    EXPECT_FALSE(prefix.contains(Ipv4Prefix::of(addr(10, 0, 0, 0), 15)));
    EXPECT_FALSE(prefix.contains(Ipv4Prefix::of(addr(10, 2, 0, 0), 24)));
}

TEST(Ipv4Prefix, ComesBeforeWhatIsInside) {
    EXPECT_LT(Ipv4Prefix::of(addr(10, 0, 0, 0), 8), Ipv4Prefix::of(addr(10, 0, 0, 0), 16));
    EXPECT_LT(Ipv4Prefix::of(addr(10, 0, 0, 0), 16), Ipv4Prefix::of(addr(10, 0, 1, 0), 8 + 16));
}

TEST(Ipv4Prefix, OfLengthZeroContainsEverything) {
    const Ipv4Prefix all{};
    EXPECT_EQ(all.mask(), 0u);
    EXPECT_TRUE(all.contains(addr(0, 0, 0, 0)));
    EXPECT_TRUE(all.contains(addr(255, 255, 255, 255)));
    EXPECT_EQ(all.last(), addr(255, 255, 255, 255));
}

TEST(Ipv4Address, KnowsTheSpecialBlocksByTheirEdges) {
    EXPECT_TRUE(addr(0, 0, 0, 0).is_unspecified());
    EXPECT_FALSE(addr(0, 0, 0, 1).is_unspecified());
    EXPECT_TRUE(addr(0, 255, 255, 255).is_this_network());
    EXPECT_FALSE(addr(1, 0, 0, 0).is_this_network());
    EXPECT_FALSE(addr(126, 255, 255, 255).is_loopback());
    EXPECT_TRUE(addr(127, 0, 0, 0).is_loopback());
    EXPECT_TRUE(addr(127, 255, 255, 255).is_loopback());
    EXPECT_FALSE(addr(128, 0, 0, 0).is_loopback());
    EXPECT_FALSE(addr(223, 255, 255, 255).is_multicast());
    EXPECT_TRUE(addr(224, 0, 0, 0).is_multicast());
    EXPECT_TRUE(addr(239, 255, 255, 255).is_multicast());
    EXPECT_FALSE(addr(240, 0, 0, 0).is_multicast());
    EXPECT_TRUE(addr(240, 0, 0, 0).is_reserved());
    EXPECT_TRUE(addr(255, 255, 255, 255).is_limited_broadcast());
    EXPECT_FALSE(addr(255, 255, 255, 254).is_limited_broadcast());
}

TEST(ParseMac, ReadsBothCasesAndPrintsTheLower) {
    const MacAddress expected{{0x02, 0xab, 0xcd, 0xef, 0x09, 0xff}};
    EXPECT_EQ(parse_mac("02:ab:cd:ef:09:ff"), expected);
    EXPECT_EQ(parse_mac("02:AB:CD:EF:09:FF"), expected);
    EXPECT_EQ(to_string(expected), "02:ab:cd:ef:09:ff");
}

class NotAMac : public testing::TestWithParam<Refusal> {};
INSTANTIATE_TEST_SUITE_P(Text, NotAMac,
                         testing::Values(Refusal{"", "nothing"},
                                         Refusal{"02:00:00:00:00", "five bytes"},
                                         Refusal{"02:00:00:00:00:0", "a digit too few"},
                                         Refusal{"02:00:00:00:00:001", "a digit too many"},
                                         Refusal{"02:00:00:00:00:00:", "a colon too many"},
                                         Refusal{"02:00:00:00:00:00:00", "seven bytes"},
                                         Refusal{"02-00-00-00-00-00", "hyphens"},
                                         Refusal{"0200.0000.0000.00", "dots"},
                                         Refusal{"2:00:00:00:00:000", "uneven"},
                                         Refusal{"0g:00:00:00:00:00", "not a digit"},
                                         Refusal{" 2:00:00:00:00:00", "a blank"},
                                         Refusal{"02:00:00:00:00:0 ", "a blank at the end"},
                                         Refusal{"02:00:00:00:00:-1", "a sign"}));

TEST_P(NotAMac, IsRefused) { EXPECT_FALSE(parse_mac(GetParam().text)); }

TEST(MacAddress, SurvivesItsFormAsBits) {
    const MacAddress mac{{0x02, 0x11, 0x22, 0x33, 0x44, 0x55}};
    EXPECT_EQ(mac.as_bits(), 0x554433221102u);
    EXPECT_EQ(MacAddress::from_bits(mac.as_bits()), mac);
    EXPECT_EQ(MacAddress::from_bits(mac.as_bits() | 0xffff000000000000), mac)
        << "flags above the 48 bits are no part of it";
}

TEST(MacAddress, IsMulticastByTheLowestBitOfItsFirstByte) {
    EXPECT_TRUE(broadcast_mac.is_multicast());
    EXPECT_TRUE((MacAddress{{0x01, 0, 0x5e, 0, 0, 1}}.is_multicast()));
    EXPECT_FALSE((MacAddress{{0x02, 1, 1, 1, 1, 1}}.is_multicast()));
    EXPECT_TRUE(MacAddress{}.is_zero());
    EXPECT_FALSE(broadcast_mac.is_zero());
}

}  // namespace
}  // namespace sluice::net
