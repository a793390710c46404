// SPDX-License-Identifier: BSD-3-Clause
#include "lib/fib/table6.h"

#include <memory>
#include <random>

#include <gtest/gtest.h>

namespace sluice::fib {
namespace {

using net::Ipv6Address;
using net::Ipv6Prefix;

// As plain as can be: a node for each bit.
class BitTrie {
  public:
    void add(Ipv6Prefix prefix, uint32_t value) {
        Node* node = &root_;
        for (unsigned bit = 0; bit < prefix.length; ++bit) {
            auto& child = node->child[bit_of(prefix.address, bit)];
            if (!child) child = std::make_unique<Node>();
            node = child.get();
        }
        if (node->value == Table6::none) node->value = value;
    }
    uint32_t find(Ipv6Address address) const {
        uint32_t found = root_.value;
        const Node* node = &root_;
        for (unsigned bit = 0; bit < 128; ++bit) {
            node = node->child[bit_of(address, bit)].get();
            if (node == nullptr) break;
            if (node->value != Table6::none) found = node->value;
        }
        return found;
    }

  private:
    struct Node {
        std::unique_ptr<Node> child[2];
        uint32_t value = Table6::none;
    };
    static unsigned bit_of(Ipv6Address a, unsigned bit) {
        const uint64_t half = bit < 64 ? a.high : a.low;
        return half >> (63 - bit % 64) & 1;
    }
    Node root_;
};

TEST(Table6, WithoutPrefixesFindsNothing) {
    EXPECT_EQ(Table6().find({}), Table6::none);
    EXPECT_EQ(Table6(std::span<const Table6::Entry>()).find({1, 2}), Table6::none);
}

TEST(Table6, OfEqualPrefixesTheFirstCounts) {
    const std::vector<Table6::Entry> entries{{Ipv6Prefix::of({1, 0}, 64), 7},
                                             {Ipv6Prefix::of({1, 0}, 64), 8}};
    EXPECT_EQ(Table6(entries).find({1, 99}), 7u);
}

TEST(Table6, ADefaultRouteAndAHostAreTheTwoEnds) {
    const std::vector<Table6::Entry> entries{{Ipv6Prefix{}, 1}, {Ipv6Prefix::of({5, 6}, 128), 2}};
    const Table6 table(entries);
    EXPECT_EQ(table.find({5, 6}), 2u);
    EXPECT_EQ(table.find({5, 7}), 1u);
}

// Few bits vary, so that prefixes lie within each other and addresses near them.
Ipv6Address near_others(std::mt19937_64& random) {
    const auto sparse = [&] { return random() & random() & random(); };
    return {0x2001'0db8'0000'0000 | (sparse() & 0xffff'ffff), sparse()};
}

TEST(Table6, FindsWhatAPlainTrieFinds) {
    std::mt19937_64 random(20261122);
    for (unsigned round = 0; round < 20; ++round) {
        BitTrie trie;
        std::vector<Table6::Entry> entries;
        const auto count = static_cast<uint32_t>(random() % 3000);
        for (uint32_t n = 0; n < count; ++n) {
            const auto prefix =
                Ipv6Prefix::of(near_others(random), static_cast<unsigned>(random() % 129));
            entries.push_back({prefix, n});
            trie.add(prefix, n);
        }
        const Table6 table(entries);
        for (unsigned n = 0; n < 5000; ++n) {
            Ipv6Address address = near_others(random);
            if (n % 3 == 0 && !entries.empty()) {
                address = entries[random() % entries.size()].prefix.address;
                address.low ^= random() % 4;
            }
            ASSERT_EQ(table.find(address), trie.find(address)) << net::to_string(address);
        }
    }
}

}  // namespace
}  // namespace sluice::fib
