// SPDX-License-Identifier: BSD-3-Clause
// What a tunnel remembers from one packet to the next. Any worker changes it, one atomic word at a
// time; it outlives the dataplane, since the other end expects sequence numbers to go on.
#pragma once
#include <atomic>
#include <cstdint>

namespace sluice::layout {

struct alignas(64) TunnelState {
    // Of the tunnel that the rest is about: its ends and form, hashed. Another tunnel begins anew.
    std::atomic<uint64_t> identity;
    std::atomic<uint64_t>
        path_mtu;  // RFC 1191: of the outer path in the high 16 bits, below the second it was told
    std::atomic<uint64_t> answered_ns;  // last answer to a keepalive
    std::atomic<uint32_t> sent;         // sequence number of the next packet (RFC 2890)
    std::atomic<uint32_t> expected;     // lowest sequence number that is not late
    uint64_t reserved[4];
};
static_assert(sizeof(TunnelState) == 64);

}  // namespace sluice::layout
