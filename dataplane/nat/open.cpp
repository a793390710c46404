// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/nat/dns/answer.h"
#include "dataplane/nat/ftp/control.h"
#include "dataplane/nat/hold.h"
#include "dataplane/nat/log.h"
#include "dataplane/nat/opening.h"
#include "dataplane/nat/reset.h"
#include "dataplane/nat/rewrite.h"
#include "dataplane/nat/rule_counters.h"
#include "dataplane/nat/session.h"
#include "dataplane/nat/session_state.h"
#include "dataplane/nat/translate.h"
#include "dataplane/nat/translator.h"

namespace sluice::nat {
namespace {

using flow::Direction;

// Shared ports differ from try to try; what is taken with one may be free with the next.
constexpr unsigned tries_of_shared_ports = 64;

Question question_of(const Arrival& arrival, const ipv4::Route& route,
                     const Passage& passage) noexcept {
    const flow::FlowKey& key = passage.tuple.key;
    const auto& to = passage.redirection;
    return {.in = arrival.interface,
            .out = route.adjacency.interface,
            .source = {key.source.host()},
            .destination = to ? to->address : net::Ipv4Address{key.destination.host()},
            .source_port = key.source_port.host(),
            .destination_port = to ? to->port.host() : key.destination_port.host(),
            .protocol = key.protocol,
            .any_interface = false};
}

// The rule that gives the packet another source, if there is one.
const Rule* source_rule(const Context& c, const Question& q, Passage& passage) noexcept {
    const Rules& rules = *c.plan->nat;
    auto& to = passage.redirection;
    if (to && to->twice != nullptr) return to->twice;
    if (const Rule* rule = rules.for_source(q)) return rule;
    // Two hosts inside that talk by way of an external address: each sees the other's (REQ-9).
    const Rule* rule = to ? rules.of_sender(q) : nullptr;
    if (rule == nullptr || rule->wish.hairpin == 0) return nullptr;
    to->hairpin = true;
    return rule;
}

// From inside, unless only the destination changes or the source does by the same rule.
Direction direction_of(const Rule* source, const Passage& passage) noexcept {
    const auto& to = passage.redirection;
    const bool from_inside = source != nullptr && (!to || to->twice == nullptr);
    return from_inside ? Direction::outbound : Direction::inbound;
}

// `back`: how an answer comes to us. Made where it stays: copied as a whole, a key that was written
// in halves would be waited for.
flow::NewSession with_keys(const Beginning& b, const flow::FlowKey& back) noexcept {
    if (b.direction == Direction::outbound) return {.outbound = b.key(), .inbound = back};
    return {.outbound = back, .inbound = b.key()};
}

// All but the keys.
void complete(const Context& c, const Beginning& b, const Hold& hold,
              flow::NewSession& made) noexcept {
    made.mapping = hold.mapping();
    made.rule = b.rule.wish.id;
    made.flags = hold.flags();
    if (b.rule.wish.inbound_refreshes != 0) made.flags |= inbound_refreshes;
    if (b.passage.redirection && b.passage.redirection->hairpin) made.flags |= hairpinned;
    if (logs_sessions(c, b.rule)) made.flags |= is_logged;
    if (hold.record() != 0 && b.direction == Direction::inbound) made.flags |= server_inside;
    made.state = with_record(first_state(b.key().protocol, b.direction), hold.record());
    if (b.rule.wish.algs != 0 && dns::asks(b.rule, b.direction, made.outbound, b.key())) {
        made.flags |= answers_by_name;
        made.state = not_plain(made.state);
    }
}

// Takes what the session needs, step by step, and writes how the packet leaves.
Verdict prepare(const Beginning& b, Hold& hold, flow::FlowKey& leaves) noexcept {
    const auto& to = b.passage.redirection;
    if (to) {
        leaves.destination = net::be32(to->address.value);
        leaves.destination_port = to->port;
    }
    if (const Verdict v = hold.count_session(b.key()); !v.is_passed()) return v;
    Verdict v = passed();
    if (b.source != nullptr) v = hold.take_source(b.key(), b.home, leaves);
    if (b.source == nullptr && to->mapping)
        v = hold.join(to->mapping->id, to->mapping->endpoint, b.key());
    if (v.is_passed()) {
        const bool out = b.direction == Direction::outbound;
        hold.permit({out ? leaves.destination.host() : b.key().source.host()});
    }
    return v;
}

net::Ipv4Address subscriber_of(const Beginning& b) noexcept {
    const auto& to = b.passage.redirection;
    return b.direction == Direction::outbound || !to ? net::Ipv4Address{b.key().source.host()}
                                                     : to->address;
}

// Of the connection that an ALG is to read, if it is one.
Verdict take_record(const Beginning& b, const flow::FlowKey& inside, Hold& hold) noexcept {
    const bool is_read = ftp::is_control(b.rule, b.direction, inside, b.key());
    return is_read ? hold.take_record(inside) : passed();
}

// The bucket of the answer's key is asked for before it is needed.
flow::Writer::Hashes hashes_of(const Context& c, const Beginning& b,
                               const flow::FlowKey& back) noexcept {
    const uint64_t hash = c.nat->index().hash(back);
    c.nat->index().prefetch(hash);
    const bool out = b.direction == Direction::outbound;
    return {out ? b.hash : hash, out ? hash : b.hash};
}

Begun try_to_begin(Context& c, const Beginning& b) noexcept {
    Hold hold(c, b.rule, subscriber_of(b));
    flow::FlowKey leaves = b.key();
    if (const Verdict v = prepare(b, hold, leaves); !v.is_passed()) return {v, {}};
    const auto hashes = hashes_of(c, b, turned(leaves));
    flow::NewSession made = with_keys(b, turned(leaves));
    if (b.rule.wish.algs != 0) {
        if (const Verdict v = take_record(b, made.outbound, hold); !v.is_passed()) return {v, {}};
    }
    complete(c, b, hold, made);
    const auto [status, flow] = c.nat->sessions().insert(made, hashes, tick_of(c));
    switch (status) {
        case flow::Status::ok:
            hold.keep();
            log_created(c, c.nat->session(flow).facts);
            return {passed(), flow::Flow(flow.place(), b.direction)};
        case flow::Status::full:
        case flow::Status::index_full:
            return {refuse_flow(c, b.key(), b.rule, DropReason::nat_table_full,
                                layout::EventKind::nat_table_full),
                    {}};
        case flow::Status::taken:
            return {drop(DropReason::nat_conflict), {}, (hold.flags() & shares_port) != 0};
        default: return {drop(DropReason::nat_busy), {}};
    }
}

Verdict open_flow(Context& c, Packet packet, Arrival& arrival, const Beginning& b) noexcept {
    const Begun begun = begin_flow(c, b);
    if (!begun.flow.exists()) {
        // Another worker may have had a packet of the flow at the same time.
        const flow::Flow theirs = c.nat->index().find(b.key(), b.hash);
        const bool used =
            theirs.exists() && use_session(c, packet, arrival, b.passage.tuple, theirs);
        return used ? passed() : begun.verdict;
    }
    const flow::Session& session = c.nat->session(begun.flow);
    if (ftp::concerns(session)) ftp::begin(c, packet, b.passage.tuple, begun.flow);
    if ((session.facts.flags & answers_by_name) != 0) {
        dns::translate(c, packet, b.passage.tuple, session, begun.flow.direction());
    }
    counters_of(c, b.rule.wish.id).packets.add(1);
    if (packet.ipv4().more_fragments()) c.nat->fragments().lead(c, packet.ipv4(), begun.flow);
    rewrite(packet, b.passage.tuple, c.nat->session(begun.flow), begun.flow.direction());
    arrival.translated = true;
    return passed();
}

}  // namespace

Begun begin_flow(Context& c, const Beginning& b) noexcept {
    Begun begun = try_to_begin(c, b);
    for (unsigned i = 1; begun.try_again && i < tries_of_shared_ports; ++i) {
        begun = try_to_begin(c, b);
    }
    if (!begun.flow.exists()) return begun;
    c.tally(layout::Tally::nat_sessions_made);
    if (b.passage.redirection && b.passage.redirection->awaiting.exists()) {
        c.nat->end(c, b.passage.redirection->awaiting.place());
    }
    if (b.passage.redirection && b.passage.redirection->hairpin) {
        c.tally(layout::Tally::nat_hairpinned);
    }
    counters_of(c, b.rule.wish.id).sessions.add(1);
    return begun;
}

Verdict open(Context& c, Packet packet, Arrival& arrival, const ipv4::Route& route,
             Passage& passage) noexcept {
    const Tuple& t = passage.tuple;
    if (arrival.translated || t.kind == Tuple::Kind::fragment) return passed();
    const Rule* source = source_rule(c, question_of(arrival, route, passage), passage);
    if (source == nullptr && !passage.redirection) {
        if (packet.ipv4().more_fragments()) c.nat->fragments().lead(c, packet.ipv4(), {});
        return passed();
    }
    if (t.kind == Tuple::Kind::unreadable) return drop(DropReason::nat_malformed);
    if (t.kind == Tuple::Kind::error) return drop(DropReason::nat_icmp_unmatched);
    if (!opens_flow(t)) {
        if (source != nullptr && source->wish.expired == layout::NatExpired::reset && t.is_tcp()) {
            send_reset(c, packet);
        }
        return drop(DropReason::nat_no_session);
    }
    const Rule* rule = source != nullptr ? source : c.plan->nat->find(passage.redirection->rule);
    passage.rule = rule->wish.id;
    Home home;
    if (source != nullptr) {
        home.place = home_of(*c.plan, *source, route, {t.key.source.host()});
    }
    return open_flow(c, packet, arrival,
                     {.passage = passage,
                      .hash = c.nat->index().hash(t.key),
                      .source = source,
                      .home = home,
                      .rule = *rule,
                      .direction = direction_of(source, passage)});
}

}  // namespace sluice::nat
