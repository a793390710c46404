// SPDX-License-Identifier: BSD-3-Clause
#include "lib/net/byte_order.h"

#include <array>
#include <type_traits>

#include <gtest/gtest.h>

namespace sluice::net {
namespace {

static_assert(!std::is_convertible_v<uint16_t, Be16> && !std::is_constructible_v<Be16, uint16_t>,
              "a host integer does not slip into a header");
static_assert(!std::is_convertible_v<Be16, uint16_t> && !std::is_constructible_v<uint16_t, Be16>,
              "nor a header's field into arithmetic");
static_assert(std::is_trivial_v<Be16> && std::is_trivially_copyable_v<Be32>);
static_assert(be16(0x1234).host() == 0x1234 && be32(0x12345678).host() == 0x12345678,
              "usable at compile time");

template <typename T>
auto bytes_of(T value) {
    return std::bit_cast<std::array<unsigned char, sizeof(T)>>(value);
}

TEST(BigEndian, LiesInMemoryWithTheHighByteFirst) {
    EXPECT_EQ(bytes_of(be16(0x1234)), (std::array<unsigned char, 2>{0x12, 0x34}));
    EXPECT_EQ(bytes_of(be32(0x12345678)), (std::array<unsigned char, 4>{0x12, 0x34, 0x56, 0x78}));
    EXPECT_EQ(bytes_of(BigEndian<uint64_t>::from_host(0x0102030405060708)),
              (std::array<unsigned char, 8>{1, 2, 3, 4, 5, 6, 7, 8}));
}

TEST(BigEndian, GivesBackEveryValue) {
    for (uint32_t value = 0; value <= 0xffff; ++value) {
        const auto field = be16(static_cast<uint16_t>(value));
        ASSERT_EQ(field.host(), value);
        ASSERT_EQ(Be16::from_raw(field.raw()), field);
    }
    for (const uint32_t value : {0u, 1u, 0x80000000u, 0x00ff00ffu, 0xffffffffu}) {
        EXPECT_EQ(be32(value).host(), value);
        EXPECT_EQ(Be32::from_raw(be32(value).raw()), be32(value));
    }
}

TEST(BigEndian, MayLieAtAnOddAddress) {
    unsigned char wire[7] = {0xff, 0xde, 0xad, 0xbe, 0xef, 0xff, 0xff};
    const auto* field = reinterpret_cast<const Be32*>(wire + 1);
    EXPECT_EQ(field->host(), 0xdeadbeefu);
}

}  // namespace
}  // namespace sluice::net
