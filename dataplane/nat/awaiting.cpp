// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/nat/awaiting.h"

#include <algorithm>

#include "dataplane/nat/hold.h"
#include "dataplane/nat/session_state.h"
#include "dataplane/nat/translator.h"

namespace sluice::nat {
namespace {

using flow::Direction;

Endpoint external_of(const flow::FlowKey& inbound) noexcept {
    return {inbound.destination.host(), inbound.destination_port.host()};
}

// The mapping that a session holds, and who has it.
std::optional<Mapped> mapping_of(const Context& c, const flow::SessionFacts& facts) noexcept {
    if (facts.mapping == no_mapping) return {};
    const MappingId id = MappingId::from_bits(facts.mapping);
    const auto endpoint =
        c.nat->shared().mappings.find(id.port_class(), id.address_index(), id.port());
    if (!endpoint) return {};
    return Mapped{*endpoint, id};
}

// The same again; nothing where a flow really has the port 0.
std::optional<Endpoint> renew(Context& c, flow::Flow known) noexcept {
    flow::Session& session = c.nat->session(known);
    if ((session.facts.flags & awaits_remote) == 0) return {};
    session.touch(tick_of(c));
    return external_of(session.key(Direction::inbound));
}

// The port of the host inside as it is seen at its external address.
Verdict take_port(const Context& c, Hold& hold, const Rule& rule, const flow::Session& control,
                  flow::FlowKey inside, flow::FlowKey& outside) noexcept {
    const Endpoint internal{inside.source.host(), inside.source_port.host()};
    outside.destination_port = inside.source_port;
    if (rule.wish.kind == NatKind::dynamic) {
        const auto whole = mapping_of(c, control.facts);
        return whole ? hold.join(whole->id, whole->endpoint, inside)
                     : drop(DropReason::nat_no_port);
    }
    const Verdict v = hold.take_own_port(internal, {outside.destination.host()}, inside);
    if (v.is_passed()) {
        outside.destination_port = net::be16(MappingId::from_bits(hold.mapping()).port());
    }
    return v;
}

bool make(Context& c, Hold& hold, const Rule& rule, const flow::FlowKey& inside,
          const flow::FlowKey& outside, uint32_t state) noexcept {
    const auto made =
        c.nat->sessions().insert({.outbound = inside,
                                  .inbound = outside,
                                  .state = state,
                                  .mapping = hold.mapping(),
                                  .rule = rule.wish.id,
                                  .flags = static_cast<uint16_t>(hold.flags() | awaits_remote)},
                                 tick_of(c));
    if (made.status != flow::Status::ok) return false;
    hold.keep();
    c.tally(layout::Tally::nat_sessions_made);
    return true;
}

}  // namespace

std::optional<Endpoint> await_remote(Context& c, const flow::Session& control,
                                     uint16_t port) noexcept {
    const Rule* rule = c.plan->nat->find(control.facts.rule);
    if (rule == nullptr) return {};
    flow::FlowKey inside = control.key(Direction::outbound);
    flow::FlowKey outside = control.key(Direction::inbound);
    inside.source_port = outside.destination_port = net::be16(port);
    inside.destination_port = outside.source_port = net::be16(0);
    // A static address lets everything in.
    if (rule->wish.kind == NatKind::fixed) return external_of(outside);
    const flow::Flow known = c.nat->index().find(inside);
    if (known.exists()) return renew(c, known);

    Hold hold(c, *rule, {inside.source.host()});
    if (!take_port(c, hold, *rule, control, inside, outside).is_passed()) return {};
    if (!make(c, hold, *rule, inside, outside, pack_tcp(TcpState::syn_in))) return {};
    return external_of(outside);
}

std::optional<net::Ipv4Address> await_host(Context& c, const Rule& rule, net::Ipv4Address host,
                                           net::Ipv4Address remote) noexcept {
    flow::FlowKey inside{};  // of no protocol
    inside.source = net::be32(host.value);
    inside.destination = net::be32(remote.value);
    const flow::Flow known = c.nat->index().find(inside);
    if (known.exists()) {
        const auto again = renew(c, known);
        return again ? std::optional(net::Ipv4Address{again->address}) : std::nullopt;
    }
    Hold hold(c, rule, host);
    if (!hold.take_own_address(host, inside).is_passed()) return {};
    const auto external = std::ranges::find(
        rule.externals, MappingId::from_bits(hold.mapping()).address_index(), &External::number);
    flow::FlowKey outside = inside;
    outside.source = inside.destination;
    outside.destination = net::be32(external->address.value);
    hold.permit(remote);
    if (!make(c, hold, rule, inside, outside, pack_state(IdleClass::other, TcpState::none))) {
        return {};
    }
    return external->address;
}

bool redirect_to_awaiting(const Context& c, const Tuple& tuple,
                          std::optional<Redirection>& redirection) noexcept {
    if (!tuple.is_tcp() || !opens_flow(tuple)) return false;
    flow::FlowKey announced = tuple.key;
    announced.source_port = net::be16(0);
    const flow::Flow found = c.nat->index().find(announced);
    if (!found.exists() || found.direction() != Direction::inbound) return false;
    const flow::Session& session = c.nat->session(found);
    const Rule* rule = c.plan->nat->find(session.facts.rule);
    if ((session.facts.flags & awaits_remote) == 0 || rule == nullptr) return false;
    const flow::FlowKey& inside = session.key(Direction::outbound);
    Redirection& to = redirection.emplace();
    to.address = {inside.source.host()};
    to.port = inside.source_port;
    to.rule = rule->wish.id;
    to.twice = rule->source_externals.empty() ? nullptr : rule;
    to.mapping = mapping_of(c, session.facts);
    to.awaiting = found;
    return true;
}

}  // namespace sluice::nat
