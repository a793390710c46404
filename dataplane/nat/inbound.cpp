// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/nat/inbound.h"

#include "dataplane/ipv4/route.h"
#include "dataplane/nat/translator.h"

namespace sluice::nat {
namespace {

bool is_local(const Context& c, net::Ipv4Address a) noexcept {
    return c.plan->adjacencies[fib::find(*c.routes, a.value)].kind == NextHopKind::local;
}

Question question_of(const Tuple& t, const Arrival& arrival) noexcept {
    return {.in = arrival.interface,
            .out = layout::no_interface,
            .source = {t.key.source.host()},
            .destination = {t.key.destination.host()},
            .source_port = t.key.source_port.host(),
            .destination_port = t.key.destination_port.host(),
            .protocol = t.key.protocol,
            .any_interface = false};
}

// A flow keeps its target while the targets stay: which it is follows from the flow itself.
const layout::NatTarget* choose_target(const Rule& rule, const flow::FlowKey& key) noexcept {
    if (rule.total_weight == 0) return nullptr;
    // By client, so that one client's connections meet one host.
    uint32_t left =
        static_cast<uint32_t>(uint64_t{key.source.host() * 0x9e3779b1u} * rule.total_weight >> 32);
    for (const layout::NatTarget& t : rule.targets) {
        if (left < t.weight) return &t;
        left -= t.weight;
    }
    return nullptr;
}

Verdict by_rule(const Rule& rule, const Tuple& t, Redirection& to) noexcept {
    const uint32_t asked = t.key.destination.host();
    to.rule = rule.wish.id;
    to.port = t.key.destination_port;
    if (rule.wish.kind == NatKind::fixed) {
        to.address = {rule.internal.first + (asked - rule.pool[0].first)};
    } else {
        const layout::NatTarget* target = choose_target(rule, t.key);
        if (target == nullptr) return drop(DropReason::nat_no_target);
        to.address = {target->address};
        if (target->port != 0) {
            const int into = t.key.destination_port.host() - rule.wish.first_port;
            to.port = net::be16(static_cast<uint16_t>(target->port + into));
        }
    }
    if (!rule.source_externals.empty()) to.twice = &rule;
    return passed();
}

// Hosts inside meet by their external addresses as far as both their rules say so.
bool may_meet(const Rule* sender, const Rule& receiver) noexcept {
    return sender == nullptr || (sender->wish.hairpin != 0 && receiver.wish.hairpin != 0);
}

bool lets_in(const Context& c, const Rule& rule, const Tuple& t, MappingId id) noexcept {
    switch (rule.wish.filtering) {
        case layout::NatFiltering::endpoint_independent: return true;
        case layout::NatFiltering::address_dependent:
            return c.nat->shared().counts.contains(permission_key(id, {t.key.source.host()}));
        default: return false;
    }
}

// What the NAT does not let in, TCP's openings apart, is dropped without a word.
Verdict keep_out(Context& c, Packet packet, const Arrival& arrival, const Tuple& t,
                 DropReason why) noexcept {
    if (t.is_tcp() && opens_flow(t) && c.nat->waiting_syns().hold(c, packet, arrival, t.key)) {
        return finished();
    }
    return drop(why);
}

// `sender`: the rule of a host inside that sends, if one does.
Verdict by_mapping(Context& c, Packet packet, const Arrival& arrival, Passage& passage,
                   uint16_t number, const Rule* sender) noexcept {
    const Tuple& t = passage.tuple;
    const Rules& rules = *c.plan->nat;
    auto internal = c.nat->find_mapping(number, t.key.protocol, t.key.destination_port.host());
    if (!internal) {
        // To the router itself, perhaps, where the address is an interface's.
        if (is_local(c, {t.key.destination.host()}) && !t.is_tcp()) return passed();
        return keep_out(c, packet, arrival, t, DropReason::nat_no_mapping);
    }
    const Rule* owner = rules.owner_of(number, {internal->endpoint.address});
    if (owner == nullptr || !may_meet(sender, *owner) || !lets_in(c, *owner, t, internal->id)) {
        return keep_out(c, packet, arrival, t, DropReason::nat_filtered);
    }
    if (!opens_flow(t)) return drop(DropReason::nat_no_session);
    Redirection& to = passage.redirection.emplace();
    to.address = {internal->endpoint.address};
    to.port =
        internal->is_whole_address() ? t.key.destination_port : net::be16(internal->endpoint.port);
    to.rule = owner->wish.id;
    to.mapping = *internal;
    return passed();
}

}  // namespace

Verdict redirect(Context& c, Packet packet, const Arrival& arrival, Passage& passage) noexcept {
    const Tuple& t = passage.tuple;
    const Rules& rules = *c.plan->nat;
    if (!rules.is_external({t.key.destination.host()})) return passed();
    Question q = question_of(t, arrival);
    const Rule* sender = rules.of_sender(q);
    const Rule* rule = rules.for_destination(q);
    if (rule == nullptr && sender != nullptr) {
        // From inside, the address is asked for as if from outside (RFC 4787 REQ-9).
        q.any_interface = true;
        rule = rules.for_destination(q);
    }
    if (rule != nullptr && may_meet(sender, *rule)) {
        if (!opens_flow(t)) return drop(DropReason::nat_no_session);
        return by_rule(*rule, t, passage.redirection.emplace());
    }
    const auto number = rules.number_of({t.key.destination.host()});
    return number ? by_mapping(c, packet, arrival, passage, *number, sender) : passed();
}

}  // namespace sluice::nat
