// SPDX-License-Identifier: BSD-3-Clause
// Fragments through the NAT: only the first has ports, so the others follow the first's session,
// whichever comes first (RFC 4787 REQ-14), with hard limits on all that is kept.
//
// A datagram is known by source, destination, protocol and identification. What has come of it
// before its first fragment waits; when the first has gone its way, the rest goes the same.
//
// By what it is known, and since when, lies apart from what is kept of it: each fragment looks
// through all of those, which are a few lines of memory.
#pragma once
#include <array>
#include <bitset>
#include <cstdint>

#include "dataplane/context.h"
#include "dataplane/nat/tuple.h"
#include "lib/flow/session.h"

namespace sluice::nat {

class Fragments {
  public:
    static constexpr unsigned max_datagrams = 256;
    static constexpr unsigned held_each = 16;
    static constexpr unsigned max_held = 512;

    // A fragment that is not the first. Passed: it was rewritten like the first, or the first was
    // not translated. Finished: it waits for the first. Drops: nat_fragments_full.
    Verdict follow(Context& c, Packet packet, const Tuple& tuple, Arrival& arrival) noexcept;
    // The first fragment, before it is rewritten, takes this flow (or none, and is not translated).
    // Those that wait for it go on by themselves at the next release().
    void lead(Context& c, const net::Ipv4Header& first, flow::Flow flow) noexcept;
    // Sends those whose first fragment has come on their way. Not from within the pipeline.
    void release(Context& c) noexcept;
    // Now and then: gives up on datagrams whose first fragment does not come
    // (nat_fragment_timeout) or whose rest does not.
    void tick(Context& c) noexcept;
    void clear(PacketPool& pool) noexcept;
    bool empty() const noexcept { return known_ == 0; }

  private:
    struct Held {
        Packet packet;
        Arrival arrival;
    };
    struct Key {
        uint64_t addresses = 0;
        uint64_t id_and_protocol = 0;  // 0: the place is free
        bool operator==(const Key&) const noexcept = default;
    };
    struct Datagram {
        bool first_seen = false;
        bool translated = false;
        uint32_t generation = 0;  // of the session, as its low bits
        flow::Flow flow;
        unsigned held = 0;
        std::array<Held, held_each> packets;
    };
    static Key key_of(const net::Ipv4Header& ip) noexcept;
    unsigned place_for(Context& c) noexcept;
    unsigned find_or_begin(Context& c, const net::Ipv4Header& ip) noexcept;
    bool rewrite_like_first(Context& c, const Datagram& d, Packet packet, const Tuple& tuple,
                            Arrival& arrival) noexcept;
    void send_rest(Context& c, Datagram& d) noexcept;
    void end(Context& c, unsigned place, DropReason why) noexcept;

    std::array<Key, max_datagrams> keys_{};
    std::array<uint64_t, max_datagrams> since_ns_{};
    std::array<Datagram, max_datagrams> datagrams_;
    std::bitset<max_datagrams> to_release_;  // the first has come, and others wait
    unsigned known_ = 0;
    unsigned held_ = 0;
};

}  // namespace sluice::nat
