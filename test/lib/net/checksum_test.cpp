// SPDX-License-Identifier: BSD-3-Clause
#include "lib/net/checksum.h"

#include <array>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace sluice::net {
namespace {

using Bytes = std::vector<unsigned char>;

// RFC 1071 word for word: 16-bit big-endian words, each carry brought round at once.
uint16_t sum_by_the_book(const Bytes& data) {
    uint32_t sum = 0;
    for (size_t i = 0; i < data.size(); i += 2) {
        const uint32_t low = i + 1 < data.size() ? data[i + 1] : 0;
        sum += static_cast<uint32_t>(data[i]) << 8 | low;
        if (sum > 0xffff) sum -= 0xffff;
    }
    return static_cast<uint16_t>(sum);
}

uint16_t checksum_by_the_book(const Bytes& data) {
    return static_cast<uint16_t>(~sum_by_the_book(data));
}

uint16_t checksum(const Bytes& data) {
    return checksum_of(sum_words(data.data(), data.size())).host();
}

Bytes random_bytes(std::mt19937& random, size_t length) {
    Bytes bytes(length);
    for (auto& byte : bytes) byte = static_cast<unsigned char>(random());
    return bytes;
}

TEST(Checksum, IsThatOfTheExampleInRfc1071) {
    const Bytes example{0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
    EXPECT_EQ(Be16::from_raw(fold(sum_words(example.data(), example.size()))).host(), 0xddf2);
    EXPECT_EQ(checksum(example), 0x220d);
}

TEST(Checksum, IsThatOfAHeaderFromTheWire) {
    // 192.168.0.1 to 192.168.0.199, UDP, 115 bytes.
    Bytes header{0x45, 0,    0,    0x73, 0, 0, 0x40, 0,    0x40, 0x11,
                 0xb8, 0x61, 0xc0, 0xa8, 0, 1, 0xc0, 0xa8, 0,    0xc7};
    EXPECT_TRUE(checksum_holds(header.data(), header.size()));
    header[10] = header[11] = 0;
    EXPECT_EQ(checksum(header), 0xb861);
}

TEST(Checksum, OfEveryLengthIsTheBooksAtEveryAlignment) {
    std::mt19937 random(1071);
    for (size_t length = 0; length <= 130; ++length) {
        const Bytes data = random_bytes(random, length);
        for (size_t shift = 0; shift < 4; ++shift) {
            Bytes shifted(shift, 0xee);
            shifted.insert(shifted.end(), data.begin(), data.end());
            EXPECT_EQ(checksum_of(sum_words(shifted.data() + shift, length)).host(),
                      checksum_by_the_book(data))
                << length << " bytes at " << shift;
        }
    }
}

TEST(Checksum, LosesNoCarryOfALongRunOfOnes) {
    for (const size_t length : {2u, 4u, 1500u, 9001u, 65535u, 65536u}) {
        const Bytes ones(length, 0xff);
        EXPECT_EQ(checksum(ones), checksum_by_the_book(ones)) << length;
    }
}

TEST(Checksum, TakesAnOddLastByteAsPaddedWithAZero) {
    const Bytes odd{0x12, 0x34, 0x56}, padded{0x12, 0x34, 0x56, 0x00};
    EXPECT_EQ(checksum(odd), checksum(padded));
}

TEST(Checksum, OfPiecesIsThatOfTheWhole) {
    std::mt19937 random(2);
    for (const size_t length : {40u, 41u, 1499u, 1500u}) {
        const Bytes data = random_bytes(random, length);
        for (size_t cut = 0; cut <= length; cut += 2) {
            const uint64_t sum =
                sum_words(data.data(), cut) + sum_words(data.data() + cut, length - cut);
            ASSERT_EQ(checksum_of(sum).host(), checksum_by_the_book(data)) << length << '/' << cut;
        }
    }
}

TEST(Fold, BringsEveryCarryRound) {
    EXPECT_EQ(fold(0), 0u);
    EXPECT_EQ(fold(0xffff), 0xffffu);
    EXPECT_EQ(fold(0x10000), 1u);
    EXPECT_EQ(fold(0x1ffff), 1u);
    EXPECT_EQ(fold(0xffffffff), 0xffffu);
    EXPECT_EQ(fold(0x100000000), 1u);
    EXPECT_EQ(fold(0xffffffffffffffff), 0xffffu);
    std::mt19937_64 random(3);
    for (unsigned i = 0; i < 100'000; ++i) {
        const uint64_t sum = random() | 1;
        const uint64_t rest = sum % 0xffff;
        ASSERT_EQ(fold(sum), rest == 0 ? 0xffff : rest) << sum;
    }
}

TEST(ChecksumHolds, NoticesEveryFlippedBit) {
    Ipv4Header ip{};
    ip.version_and_length = 0x45;
    ip.ttl = 64;
    ip.source = be32(0x0a000001);
    ip.destination = be32(0x0a000002);
    fill_checksum(ip);
    ASSERT_TRUE(checksum_holds(&ip, sizeof ip));
    auto* bytes = reinterpret_cast<unsigned char*>(&ip);
    for (unsigned bit = 0; bit < 8 * sizeof ip; ++bit) {
        bytes[bit / 8] ^= static_cast<unsigned char>(1u << bit % 8);
        EXPECT_FALSE(checksum_holds(&ip, sizeof ip)) << bit;
        bytes[bit / 8] ^= static_cast<unsigned char>(1u << bit % 8);
    }
}

TEST(ChecksumHolds, AcceptsNoZeroedBlock) {
    const Bytes zeros(20);
    EXPECT_FALSE(checksum_holds(zeros.data(), zeros.size()));
}

TEST(FillChecksum, CoversTheOptionsToo) {
    struct {
        Ipv4Header ip{};
        unsigned char options[40];
    } header;
    std::fill(std::begin(header.options), std::end(header.options), 0x94);
    for (unsigned words = 5; words <= 15; ++words) {
        header.ip.version_and_length = static_cast<uint8_t>(0x40 | words);
        header.ip.checksum = be16(0xbeef);
        fill_checksum(header.ip);
        EXPECT_TRUE(checksum_holds(&header, 4 * words)) << words;
    }
}

// Selected words: the edges, one bit each, and the neighbours of both.
std::vector<uint16_t> selected_words() {
    std::vector<uint16_t> words{0x0000, 0x0001, 0x7fff, 0x8000, 0x8001, 0xfffe, 0xffff,
                                0x5555, 0xaaaa, 0x00ff, 0xff00, 0x1234, 0xdd2f, 0xcdef};
    for (unsigned bit = 1; bit < 15; ++bit) words.push_back(static_cast<uint16_t>(1u << bit));
    return words;
}

// Data of two words, one of which changes. The other is not zero, as no header is all zeros.
TEST(ChecksumAdjust, EqualsRecomputationForEveryWordBecomingEverySelectedOne) {
    for (const uint16_t other : {0x0001, 0x8000, 0xfffe, 0xffff, 0x4500}) {
        for (const uint16_t selected : selected_words()) {
            for (uint32_t any = 0; any <= 0xffff; ++any) {
                const auto checksum_with = [&](uint32_t word) {
                    return be16(static_cast<uint16_t>(~fold(uint64_t{other} + word)));
                };
                const auto word = be16(static_cast<uint16_t>(any));
                ASSERT_EQ(checksum_adjust(checksum_with(any), word, be16(selected)),
                          checksum_with(selected))
                    << other << ": " << any << " to " << selected;
                ASSERT_EQ(checksum_adjust(checksum_with(selected), be16(selected), word),
                          checksum_with(any))
                    << other << ": " << selected << " to " << any;
            }
        }
    }
}

TEST(ChecksumAdjust, IsThatOfTheExampleInRfc1624) {
    // Section 4: HC = 0xdd2f, m = 0x5555, m' = 0x3285. Equation 4 of RFC 1141 gives 0xffff here.
    EXPECT_EQ(checksum_adjust(be16(0xdd2f), be16(0x5555), be16(0x3285)), be16(0x0000));
}

TEST(ChecksumAdjust, NeverMakesTheChecksumOnesFromAnythingButOnes) {
    for (uint32_t checksum = 0; checksum < 0xffff; ++checksum) {
        for (const uint16_t selected : selected_words()) {
            const auto adjusted =
                checksum_adjust(be16(static_cast<uint16_t>(checksum)), be16(selected), be16(0));
            ASSERT_NE(adjusted.host(), 0xffff) << checksum << ' ' << selected;
        }
    }
}

TEST(ChecksumAdjust, LeavesAChecksumAsItWasWhenTheWordStays) {
    for (uint32_t checksum = 0; checksum < 0xffff; ++checksum) {
        const auto as_it_was = be16(static_cast<uint16_t>(checksum));
        ASSERT_EQ(checksum_adjust(as_it_was, be16(0x1234), be16(0x1234)), as_it_was);
    }
    EXPECT_EQ(checksum_adjust(be16(0xffff), be16(0x1234), be16(0x1234)), be16(0x0000))
        << "the other zero: only data that is all zeros has 0xffff";
}

TEST(Age, KeepsTheHeaderChecksumTrueForEveryTtlAndProtocol) {
    std::mt19937 random(1624);
    for (unsigned ttl = 0; ttl <= 255; ++ttl) {
        for (unsigned protocol = 0; protocol <= 255; ++protocol) {
            Ipv4Header ip{};
            ip.version_and_length = 0x45;
            ip.total_length = be16(84);
            ip.identification = be16(static_cast<uint16_t>(random()));
            ip.ttl = static_cast<uint8_t>(ttl);
            ip.protocol = static_cast<uint8_t>(protocol);
            ip.source = be32(static_cast<uint32_t>(random()));
            ip.destination = be32(static_cast<uint32_t>(random()));
            fill_checksum(ip);
            age(ip);
            ASSERT_EQ(ip.ttl, static_cast<uint8_t>(ttl - 1));
            ASSERT_EQ(ip.protocol, protocol);
            ASSERT_TRUE(checksum_holds(&ip, sizeof ip)) << ttl << ' ' << protocol;
            const Be16 aged = ip.checksum;
            fill_checksum(ip);
            ASSERT_EQ(aged, ip.checksum) << ttl << ' ' << protocol;
        }
    }
}

TEST(Age, LeavesAChecksumThatWasWrongWrong) {
    Ipv4Header ip{};
    ip.version_and_length = 0x45;
    ip.ttl = 64;
    fill_checksum(ip);
    ip.checksum = be16(static_cast<uint16_t>(ip.checksum.host() + 1));
    age(ip);
    EXPECT_FALSE(checksum_holds(&ip, sizeof ip)) << "a damaged packet must not be made whole";
}

}  // namespace
}  // namespace sluice::net
