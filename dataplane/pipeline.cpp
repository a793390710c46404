// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/pipeline.h"

#include <array>
#include <span>
#include <utility>

#include "dataplane/arp/receive.h"
#include "dataplane/arp/resolve.h"
#include "dataplane/discard.h"
#include "dataplane/ethernet/accept.h"
#include "dataplane/fast_path.h"
#include "dataplane/igmp/receive.h"
#include "dataplane/ipv4/forward.h"
#include "dataplane/ipv4/local.h"
#include "dataplane/ipv4/options.h"
#include "dataplane/ipv4/reassemble.h"
#include "dataplane/ipv4/route.h"
#include "dataplane/ipv4/screen_source.h"
#include "dataplane/ipv4/validate.h"
#include "dataplane/ipv6/forward.h"
#include "dataplane/ipv6/local.h"
#include "dataplane/ipv6/route.h"
#include "dataplane/ipv6/screen_source.h"
#include "dataplane/ipv6/validate.h"
#include "dataplane/multicast/forward.h"
#include "dataplane/multicast/relay.h"
#include "dataplane/nat/translate.h"
#include "dataplane/nat/translator.h"
#include "dataplane/stage_clock.h"
#include "dataplane/trace/tracer.h"
#include "dataplane/tunnel/bridge.h"
#include "dataplane/tunnel/receive.h"
#include "dataplane/tunnel/spread.h"

namespace sluice {
namespace {

using fast_path::Counted;
using layout::Step;

// To hosts of a network of ours: for us as one of them, or to be spread there.
Verdict broadcast(Context& c, Packet packet, const Arrival& arrival,
                  const ipv4::Route& route) noexcept {
    if (route.adjacency.interface == arrival.interface) return drop(DropReason::group_not_joined);
    return note(c, Step::ipv4_forward,
                ipv4::forward_broadcast(c, packet, arrival, route.adjacency.interface),
                route.adjacency.interface);
}

bool translates(const Context& c) noexcept { return c.plan->nat != nullptr && c.nat != nullptr; }

Verdict look_for_session(Context& c, Packet& packet, Arrival& from,
                         nat::Passage& passage) noexcept {
    const Verdict v = nat::translate(c, packet, from, passage);
    const net::Ipv4Address to =
        v.is_passed() ? nat::destination_of(packet, passage) : net::Ipv4Address{};
    return note(c, Step::nat_translate, v, from.interface, to.value, passage.rule);
}

Verdict walk_ip(Context& c, Packet& packet, Arrival& from) noexcept;

// What a tunnel carried to us goes the same way, as come by the tunnel.
Verdict deliver(Context& c, Packet& packet, Arrival& from) noexcept {
    const Verdict v = note(c, Step::ipv4_local, ipv4::deliver(c, packet, from), from.interface);
    if (!v.is_passed()) return v;
    ++c.nesting;
    const Verdict of_the_inner = walk_ip(c, packet, from);
    --c.nesting;
    return of_the_inner;
}

bool is_for_a_group(const Context& c, const Packet& packet) noexcept {
    return c.plan->multicast.interface_count != 0 && c.multicast != nullptr &&
           packet.ipv4().destination_address().is_multicast();
}

Verdict to_group(Context& c, Packet packet, const Arrival& from) noexcept {
    const net::Ipv4Header& ip = packet.ipv4();
    const uint32_t group = ip.destination.host();
    if (ip.header_length() > sizeof ip) {
        const Verdict v =
            note(c, Step::ipv4_options, ipv4::check_options(c, packet, from), from.interface);
        if (!v.is_passed()) return v;
    }
    if (ip.protocol == net::Protocol::igmp) {
        return note(c, Step::igmp_receive, igmp::receive(c, packet, from), from.interface);
    }
    return note(c, Step::multicast_forward, multicast::forward(c, packet, from), from.interface,
                group);
}

Verdict walk_ipv4(Context& c, Packet& packet, Arrival& from) noexcept {
    if (const Verdict v =
            note(c, Step::ipv4_validate, ipv4::validate(packet, c.pool), from.interface);
        !v.is_passed()) {
        return v;
    }
    if (is_for_a_group(c, packet)) return to_group(c, packet, from);
    if (multicast::is_relayed(c, packet, from)) {
        return note(c, Step::broadcast_relay, multicast::relay(c, packet, from), from.interface);
    }
    const net::Ipv4Header& ip = packet.ipv4();
    if (const Verdict v = note(c, Step::ipv4_screen_source, ipv4::screen_source(c, packet, from),
                               from.interface, ip.source.host());
        !v.is_passed()) {
        return v;
    }
    if (ip.header_length() > sizeof ip) {
        const Verdict v =
            note(c, Step::ipv4_options, ipv4::check_options(c, packet, from), from.interface);
        if (!v.is_passed()) return v;
    }
    // Of the packet as it came, so that all packets of a flow take one path, translated or not.
    const uint32_t hash = ipv4::flow_hash(ip, packet.contiguous() - ethernet_header);
    nat::Passage passage;
    if (translates(c) && !tunnel::claims(*c.plan, packet)) {
        if (const Verdict v = look_for_session(c, packet, from, passage); !v.is_passed()) return v;
    }
    const net::Ipv4Address destination = nat::destination_of(packet, passage);
    ipv4::Route route;
    const Verdict found = ipv4::find_route(c, destination, hash, route);
    if (const Verdict v = note(c, Step::ipv4_find_route, found, route.adjacency.interface,
                               destination.value, route.id);
        !v.is_passed()) {
        return v;
    }
    if (route.adjacency.kind == NextHopKind::local) {
        if (translates(c)) nat::stay(c, packet, from);
        return deliver(c, packet, from);
    }
    if (route.adjacency.kind == NextHopKind::broadcast) return broadcast(c, packet, from, route);
    // What is too old to go on is worth no session.
    if (translates(c) && ip.ttl > 1) {
        const Verdict v = nat::open(c, packet, from, route, passage);
        (void)note(c, Step::nat_open, v, route.adjacency.interface, ip.source.host(), passage.rule);
        if (!v.is_passed()) return v;
    }
    return note(c, Step::ipv4_forward, ipv4::forward(c, packet, from, route),
                route.adjacency.interface, route.next_hop.value);
}

// A port that is bridged with a tunnel: what comes in by it is not ours to look at.
Verdict bridge(Context& c, Packet frame, Arrival& from) noexcept {
    const InterfaceId port = std::exchange(from.interface, layout::no_interface);
    return note(c, Step::bridge, tunnel::bridge_in(c, frame, port), c.interface(port).bridged_with);
}

Verdict walk_ipv6(Context& c, Packet& packet, Arrival& from) noexcept {
    const InterfaceId in = from.interface;
    if (const Verdict v = note(c, Step::ipv6_validate, ipv6::validate(packet, c.pool), in);
        !v.is_passed()) {
        return v;
    }
    if (const Verdict v =
            note(c, Step::ipv6_screen_source, ipv6::screen_source(c, packet, from), in);
        !v.is_passed()) {
        return v;
    }
    ipv6::Way way;
    if (const Verdict v =
            note(c, Step::ipv6_find_route, ipv6::find_route(c, packet, from, way), in);
        !v.is_passed()) {
        return v;
    }
    if (way.kind == NextHopKind::local) {
        return note(c, Step::ipv6_local, ipv6::deliver(c, packet, from), in);
    }
    return note(c, Step::ipv6_forward, ipv6::forward(c, packet, from, way), way.interface);
}

Verdict walk_ip(Context& c, Packet& packet, Arrival& from) noexcept {
    return packet.is_ipv6() ? walk_ipv6(c, packet, from) : walk_ipv4(c, packet, from);
}

Verdict walk(Context& c, Packet& packet, Arrival& from) noexcept {
    if (c.interface(from.interface).is_bridged()) return bridge(c, packet, from);
    if (const Verdict v =
            note(c, Step::ethernet_accept, ethernet::accept(c, packet, from), from.interface);
        !v.is_passed()) {
        return v;
    }
    if (packet.ethernet().type.host() == static_cast<uint16_t>(net::EtherType::arp)) {
        return note(c, Step::arp_receive, arp::receive(c, packet, from), from.interface);
    }
    return walk_ip(c, packet, from);
}

// All of them are left for the plain way.
unsigned count_frames(Context& c, InterfaceId in, rte_mbuf* const* frames, unsigned count,
                      Counted counted) noexcept {
    if (counted == Counted::by_another_worker) return count;
    auto& counters = c.counters.interfaces[in];
    counters.rx_packets.add(count);
    for (unsigned i = 0; i < count; ++i) counters.rx_bytes.add(frames[i]->pkt_len);
    return count;
}

void begin_burst(Context& c) noexcept {
    c.timed = StageClock::is_due(c);
    if (c.timed) c.transmitter.time();
    ++c.bursts;
}

// What the fast way has taken out of a tunnel, but could not send on.
void run_inner(Context& c, Packet packet) noexcept {
    Arrival from{packet.buffer()->port, false};
    ++c.nesting;
    const Verdict v = walk_ipv4(c, packet, from);
    --c.nesting;
    if (v.is_drop()) discard(c, packet, from, v);
}

void carry(Context& c, InterfaceId in, rte_mbuf** packets, unsigned count,
           Counted counted) noexcept {
    tunnel::Inner inner;
    const bool is_bridged = c.interface(in).is_bridged();
    const unsigned rest = is_bridged ? count_frames(c, in, packets, count, counted)
                                     : fast_path::forward(c, in, packets, count, counted, inner);
    const unsigned inner_rest = inner.count == 0 ? 0 : fast_path::forward_inner(c, inner);
    if (rest + inner_rest == 0) return;
    StageClock clock(c);
    for (unsigned i = 0; i < rest; ++i) run_plain(c, in, Packet(packets[i]));
    for (unsigned i = 0; i < inner_rest; ++i) run_inner(c, Packet(inner.packets[i]));
    clock.lap(layout::Stage::plain, rest + inner_rest);
}

// A burst for each row of packets that came in by one interface.
unsigned run_handed_over_by(Context& c, unsigned worker) noexcept {
    std::array<rte_mbuf*, burst_size> packets;
    c.timed = StageClock::is_due(c);
    StageClock clock(c);
    const unsigned count = c.spreader->take(worker, packets.data());
    if (count == 0) return 0;
    begin_burst(c);
    for (const rte_mbuf* m : std::span(packets.data(), count)) {
        __builtin_prefetch(static_cast<const uint8_t*>(m->buf_addr) + m->data_off);
    }
    clock.lap(layout::Stage::handover, count);
    for (unsigned begin = 0, end = 0; begin < count; begin = end) {
        const InterfaceId in = packets[begin]->port;
        while (end < count && packets[end]->port == in) ++end;
        carry(c, in, packets.data() + begin, end - begin, Counted::by_another_worker);
    }
    return count;
}

}  // namespace

void run_plain(Context& c, InterfaceId in, Packet packet) noexcept {
    Arrival from{in, false};
    const Verdict v = walk(c, packet, from);
    if (v.is_drop()) discard(c, packet, from, v);
}

void run(Context& c, InterfaceId in, rte_mbuf** packets, unsigned count) noexcept {
    begin_burst(c);
    if (c.tracer != nullptr) [[unlikely]] {
        count = trace::trace_matching(c, *c.tracer, in, packets, count);
    }
    if (c.spreader != nullptr) count = c.spreader->give(c, in, packets, count);
    carry(c, in, packets, count, Counted::not_yet);
}

unsigned run_handed_over(Context& c) noexcept {
    if (c.spreader == nullptr) return 0;
    unsigned all = 0;
    for (unsigned from = 0; from < c.spreader->exchange().workers(); ++from) {
        if (from != c.spreader->self()) all += run_handed_over_by(c, from);
    }
    return all;
}

void tick(Context& c) noexcept {
    if (!c.waiting.empty()) c.waiting.tick(c);
    if (!c.reassembler.empty()) c.reassembler.tick(c);
    if (c.nat != nullptr) c.nat->tick(c);
}

}  // namespace sluice
