// SPDX-License-Identifier: BSD-3-Clause
// What the FIB's tests share: a table that faults when it is left, an oracle, short spellings.
#pragma once
#include <algorithm>
#include <array>
#include <cstdint>
#include <new>
#include <ostream>
#include <span>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>

#include "lib/fib/reader.h"
#include "lib/fib/writer.h"

namespace sluice::fib {

constexpr std::uint32_t address(unsigned a, unsigned b, unsigned c, unsigned d) {
    return a << 24 | b << 16 | c << 8 | d;
}
constexpr net::Ipv4Prefix prefix(unsigned a, unsigned b, unsigned c, unsigned d, unsigned length) {
    return net::Ipv4Prefix::of({address(a, b, c, d)}, length);
}
constexpr net::Ipv4Prefix prefix(std::uint32_t address, unsigned length) {
    return net::Ipv4Prefix::of({address}, length);
}

// A zeroed table between two pages that may not be touched: the vector twins' loads are not
// seen by AddressSanitizer, but a page fault they do not survive.
class GuardedTable {
  public:
    GuardedTable() {
        void* all = mmap(nullptr, map_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (all == MAP_FAILED) throw std::bad_alloc();
        all_ = static_cast<char*>(all);
        if (mprotect(all_ + guard_bytes, sizeof(Table), PROT_READ | PROT_WRITE) != 0)
            throw std::bad_alloc();
    }
    ~GuardedTable() { munmap(all_, map_size); }
    GuardedTable(const GuardedTable&) = delete;
    GuardedTable& operator=(const GuardedTable&) = delete;

    Table& operator*() { return *reinterpret_cast<Table*>(all_ + guard_bytes); }
    Table* operator->() { return &**this; }

  private:
    static constexpr std::size_t guard_bytes = 4096;
    static constexpr std::size_t map_size = sizeof(Table) + 2 * guard_bytes;
    static_assert(sizeof(Table) % guard_bytes == 0, "ends where the guard begins");
    char* all_;
};

// Longest-prefix match as slow and plain as it gets: a node for each bit, nothing compressed,
// nothing ever freed.
class PlainTrie {
  public:
    void set(net::Ipv4Prefix prefix, NextHopId next_hop) {
        std::uint32_t node = 0;
        for (unsigned bit = 0; bit < prefix.length; ++bit) {
            const unsigned side = prefix.address.value >> (31 - bit) & 1;
            if (nodes_[node].child[side] == 0) {
                nodes_[node].child[side] = static_cast<std::uint32_t>(nodes_.size());
                nodes_.emplace_back();
            }
            node = nodes_[node].child[side];
        }
        nodes_[node].next_hop = next_hop;
    }
    void erase(net::Ipv4Prefix prefix) { set(prefix, no_route); }

    NextHopId find(std::uint32_t address) const {
        NextHopId best = nodes_[0].next_hop;
        std::uint32_t node = 0;
        for (unsigned bit = 0; bit < 32; ++bit) {
            node = nodes_[node].child[address >> (31 - bit) & 1];
            if (node == 0) break;
            if (nodes_[node].next_hop != no_route) best = nodes_[node].next_hop;
        }
        return best;
    }

  private:
    struct Node {
        std::array<std::uint32_t, 2> child = {};
        NextHopId next_hop = no_route;
    };
    std::vector<Node> nodes_ = std::vector<Node>(1);
};

// Every available way to look up, against what is expected.
inline void expect_answers(const Table& table, std::span<const std::uint32_t> addresses,
                           std::span<const NextHopId> expected, const char* when = "") {
    std::vector<NextHopId> found(addresses.size());
    for (std::size_t i = 0; i < addresses.size(); ++i) found[i] = find(table, addresses[i]);
    ASSERT_TRUE(std::ranges::equal(found, expected)) << "find " << when;
    for (const Method method : all_methods) {
        if (!available(method)) continue;
        std::ranges::fill(found, NextHopId{0xdead});
        find_bulk_by(method)(table, addresses.data(), found.data(),
                             static_cast<unsigned>(addresses.size()));
        ASSERT_TRUE(std::ranges::equal(found, expected)) << name(method) << ' ' << when;
    }
}

}  // namespace sluice::fib
