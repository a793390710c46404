// SPDX-License-Identifier: BSD-3-Clause
// Longest match among IPv6 prefixes: one hash table of all prefixes, which is asked for each prefix
// length that is in use, the longest first. Made once, immutable from then on.
//
// Why like this: a site has a handful of lengths (128, 64, 48, 0), so a look-up is a handful of
// loads, and there is nothing in it that could be wrong. Binary search over the lengths (Waldvogel
// 1997) needs markers and answers computed beforehand, and gains where there are dozens of lengths,
// as in the Internet's table, which is not what this one is for.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "lib/net/address6.h"

namespace sluice::fib {

class Table6 {
  public:
    static constexpr uint32_t none = 0xffffffff;

    struct Entry {
        net::Ipv6Prefix prefix;
        uint32_t value;  // anything but none
    };
    Table6() = default;
    // Of equal prefixes the first counts.
    explicit Table6(std::span<const Entry> entries);

    // The value of the longest prefix that contains the address, or none.
    uint32_t find(net::Ipv6Address address) const noexcept;

  private:
    // Open addressing, at most half full.
    struct Slot {
        net::Ipv6Prefix prefix;
        uint32_t value = none;  // none: free
    };
    size_t home_of(const net::Ipv6Prefix& prefix) const noexcept;
    // The slot of this prefix, or the free one where it would be.
    const Slot& slot_of(const net::Ipv6Prefix& prefix) const noexcept;

    std::vector<Slot> slots_ = std::vector<Slot>(1);
    std::vector<uint8_t> lengths_;  // that some prefix has, the longest first
};

}  // namespace sluice::fib
