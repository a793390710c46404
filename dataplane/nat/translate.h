// SPDX-License-Identifier: BSD-3-Clause
// The NAT on the plain way, in two steps: before the route is looked up, and when it is known.
//
// translate()  A packet of a session is rewritten, both sides at once, and is done. The first
//              packet from outside of a flow learns where it goes instead: a forward's target, a
//              static address, or the endpoint of a mapping that lets it in.
// open()       The first packet of a flow that leaves by an interface with a rule, or that
//              translate() has sent elsewhere, makes a session and is rewritten.
//
// Words: RFC 2663, RFC 4787. A session has two flows; "outbound" is the one from inside.
#pragma once
#include <optional>

#include "dataplane/context.h"
#include "dataplane/ipv4/route.h"
#include "dataplane/nat/rules.h"
#include "dataplane/nat/shared.h"
#include "dataplane/nat/tuple.h"

namespace sluice::nat {

// Where the first packet of a flow goes instead.
struct Redirection {
    net::Ipv4Address address;
    net::Be16 port{};  // in the place of the tuple's destination port
    uint16_t rule = 0;
    bool hairpin = false;             // it came from inside
    const Rule* twice = nullptr;      // its source becomes another, too
    std::optional<Mapped> mapping{};  // an existing one that let it in
    flow::Flow awaiting{};            // of the session that has waited for it, and ends with it
};

// What the first step leaves for the second.
struct Passage {
    Tuple tuple;
    uint16_t rule = 0;  // that has decided something, for those who watch
    std::optional<Redirection> redirection;
};

// Expects:  validated and screened; the plan has rules.
// Leaves:   arrival.translated, when the packet is of a session; else perhaps a redirection.
// Drops:    nat_filtered, nat_no_target, nat_no_session, nat_icmp_unmatched, nat_malformed,
//           nat_fragments_full, nat_alg_refused, nat_busy. Finished: a fragment or a SYN that
//           waits.
Verdict translate(Context& c, Packet& packet, Arrival& arrival, Passage& passage) noexcept;

// The packet's destination for the route, redirected or not.
inline net::Ipv4Address destination_of(const Packet& packet, const Passage& passage) noexcept {
    return passage.redirection ? passage.redirection->address : packet.ipv4().destination_address();
}

// Expects:  translate() passed the packet; the route leads out.
// Leaves:   arrival.translated, if a session was made.
// Drops:    nat_no_port, nat_table_full, nat_subscriber_limit, nat_busy, nat_conflict,
//           nat_no_session, nat_malformed.
Verdict open(Context& c, Packet packet, Arrival& arrival, const ipv4::Route& route,
             Passage& passage) noexcept;

// Expects:  translate() passed the packet, which is for the router itself, so that open() is not
//           asked. The other fragments of its datagram stay here, too.
void stay(Context& c, const Packet& packet, const Arrival& arrival) noexcept;

// Turns a packet that was translated back into what it was when it came, for an ICMP error that
// quotes it. False when its session is no more.
bool restore(Context& c, Packet packet) noexcept;

}  // namespace sluice::nat
