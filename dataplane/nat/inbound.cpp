// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/nat/inbound.h"

#include "dataplane/ipv4/route.h"
#include "dataplane/nat/awaiting.h"
#include "dataplane/nat/probe.h"
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

// The target at that part of the sum of weights, which is below it.
template <typename Counts>
const layout::NatTarget* target_at(const Rule& rule, uint32_t left, Counts&& counts) noexcept {
    for (const layout::NatTarget& t : rule.targets) {
        if (!counts(t)) continue;
        if (left < weight_of(t)) return &t;
        left -= weight_of(t);
    }
    return nullptr;
}

// By client, so that one client's connections meet one host. The clients of a host that is dead
// are shared out among the living; those of all others stay where they are.
const layout::NatTarget* choose_target(const Rule& rule, const flow::FlowKey& key) noexcept {
    if (rule.living_weight == 0) return nullptr;
    const auto part_of = [](uint32_t hash, uint32_t sum) {
        return static_cast<uint32_t>(uint64_t{hash} * sum >> 32);
    };
    const uint32_t hash = key.source.host() * 0x9e3779b1u;
    const auto* chosen =
        target_at(rule, part_of(hash, rule.total_weight), [](const auto&) { return true; });
    if (chosen == nullptr || is_alive(*chosen)) return chosen;
    const uint32_t other_hash = (hash ^ hash >> 15) * 0x85ebca6bu;
    return target_at(rule, part_of(other_hash, rule.living_weight), is_alive);
}

Verdict by_rule(const Rule& rule, const Tuple& t, Redirection& to) noexcept {
    to.rule = rule.wish.id;
    to.port = t.key.destination_port;
    if (rule.wish.kind == NatKind::fixed) {
        to.address = rule.host_of({t.key.destination.host()});
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
        const bool may_be_ours = !t.is_tcp() || t.key.destination_port.host() == probe_port;
        if (may_be_ours && is_local(c, {t.key.destination.host()})) return passed();
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
    if (rules.awaits_flows() && redirect_to_awaiting(c, t, passage.redirection)) return passed();
    const auto number = rules.number_of({t.key.destination.host()});
    return number ? by_mapping(c, packet, arrival, passage, *number, sender) : passed();
}

}  // namespace sluice::nat
