// SPDX-License-Identifier: BSD-3-Clause
// ICMP errors: what the source of a dropped packet is told (RFC 792, 1812 4.3, 5.2.7).
#pragma once
#include <array>
#include <cstdint>

#include "dataplane/context.h"
#include "dataplane/token_bucket.h"

namespace sluice::icmp {

// Sends the error that the drop reason calls for, if it calls for any. No error is sent about
// an ICMP error, a non-first fragment, a broadcast or multicast, or to a source that is no
// single host (RFC 1812 4.3.2.7); nor beyond the rate limits (4.3.2.8).
// The packet is quoted as it is and left alone.
void tell_source(Context& c, Packet packet, const Arrival& arrival, Verdict why) noexcept;

// RFC 1812 5.2.7.2: there is a shorter way, by `gateway`.
void send_redirect(Context& c, Packet packet, const Arrival& arrival,
                   net::Ipv4Address gateway) noexcept;

// Token buckets: one for all errors, one for each source (by hash, so that two sources may share
// one). All workers share them, or the limits would be as many times higher. Any thread.
class RateLimiter {
  public:
    bool allow(net::Ipv4Address source, uint64_t now_ns,
               const layout::IcmpSettings& limits) noexcept {
        return allow_by_hash(source.value * 0x9e3779b1u, now_ns, limits);
    }
    // By network: a host of IPv6 has as many addresses as it likes.
    bool allow(net::Ipv6Address source, uint64_t now_ns,
               const layout::IcmpSettings& limits) noexcept {
        return allow_by_hash(static_cast<uint32_t>(source.high * 0x9e3779b97f4a7c15 >> 32), now_ns,
                             limits);
    }

  private:
    bool allow_by_hash(uint32_t hash, uint64_t now_ns, const layout::IcmpSettings& limits) noexcept;
    static constexpr unsigned sources = 1024;
    TokenBucket all_;
    std::array<TokenBucket, sources> by_source_;
};

}  // namespace sluice::icmp
