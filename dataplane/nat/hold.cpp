// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/nat/hold.h"

#include <algorithm>

#include "dataplane/nat/rule_counters.h"
#include "dataplane/nat/session_state.h"
#include "dataplane/nat/translator.h"

namespace sluice::nat {

unsigned home_of(const Plan& plan, const Rule& rule, const ipv4::Route& route,
                 net::Ipv4Address internal) noexcept {
    const auto all = externals_of(rule);
    if (rule.wish.to_interface != 0) {
        const auto near = plan.source_towards(route.adjacency.interface, route.next_hop);
        for (unsigned i = 0; near && i < all.size(); ++i) {
            if (all[i].address == *near) return i;
        }
        return 0;
    }
    if (rule.deterministic) return rule.place_of_block(internal);
    return static_cast<unsigned>(uint64_t{internal.value * 0x9e3779b1u} * all.size() >> 32);
}

Verdict refuse_flow(Context& c, const flow::FlowKey& packet, const Rule& rule, DropReason why,
                    layout::EventKind event, const Shortage& shortage) noexcept {
    counters_of(c, rule.wish.id).refused.add(1);
    if (c.nat->may_tell(event, tick_of(c))) {
        c.counters.events.push({.time_ns = c.now_ns,
                                .kind = event,
                                .address = packet.source.host(),
                                .mac = packet.destination.host(),
                                .extra = rule.wish.id,
                                .interface = 0,
                                .reserved = {}});
        log_refused(c, packet, rule, event, shortage);
    }
    return drop(why);
}

Verdict Hold::count_session(const flow::FlowKey& packet) noexcept {
    const uint32_t limit = rule_.wish.sessions_a_subscriber;
    if (limit == 0) return passed();
    const auto key = subscriber_key(rule_.wish.id, subscriber_);
    switch (c_.nat->shared().counts.add(key, limit)) {
        case Counted::yes: flags_ |= holds_count; return passed();
        case Counted::busy: return drop(DropReason::nat_busy);
        case Counted::at_limit:
            return refuse_flow(c_, packet, rule_, DropReason::nat_subscriber_limit,
                               layout::EventKind::nat_subscriber_limit);
        default: return passed();  // not counted: rather too many sessions than none
    }
}

net::Ipv4Address Hold::address_at(uint32_t number, unsigned home) const noexcept {
    const auto all = externals_of(rule_);
    if (all[home].number == number) return all[home].address;
    return std::ranges::find(all, number, &External::number)->address;
}

Acquired Hold::take_address(uint32_t internal) noexcept {
    return c_.nat->mapper().acquire_address(internal, rule_.wish.id, rule_.whole_addresses);
}

Verdict Hold::use(const Taken& taken, const flow::FlowKey& packet) noexcept {
    switch (taken.mapping.got) {
        case Got::made:
        case Got::existing:
            mapping_ = taken.mapping.id.bits();
            flags_ |= taken.flags;
            return passed();
        case Got::busy: return drop(DropReason::nat_busy);
        case Got::at_limit:
            return refuse_flow(c_, packet, rule_, DropReason::nat_subscriber_limit,
                               layout::EventKind::nat_subscriber_limit, {{}, taken.limit});
        case Got::no_port:
            return refuse_flow(c_, packet, rule_, DropReason::nat_no_port,
                               layout::EventKind::nat_no_port, {home_, 0});
        default:
            return refuse_flow(c_, packet, rule_, DropReason::nat_table_full,
                               layout::EventKind::nat_table_full);
    }
}

Verdict Hold::take_source(const flow::FlowKey& packet, const Home& home,
                          flow::FlowKey& leaves) noexcept {
    const net::Ipv4Address internal{packet.source.host()};
    if (rule_.wish.kind == NatKind::fixed) {
        leaves.source = net::be32(rule_.external_of(internal).value);
        return passed();
    }
    const auto externals = externals_of(rule_);
    if (externals.empty()) return use({{Got::no_port, {}}}, packet);
    const PortClass c = class_of(packet.protocol);
    home_ = externals[home.place].address;
    if (rule_.wish.mapping == layout::NatMapping::endpoint_dependent) flags_ |= shares_port;
    if (rule_.wish.kind == NatKind::forward) flags_ |= maps_remote;
    if (rule_.wish.kind != NatKind::dynamic && c == PortClass::address) {
        leaves.source = net::be32(home_.value);
        return passed();
    }

    // An ICMP query's identifier is its source port when it asks.
    const Endpoint endpoint{internal.value, packet.source_port.host()};
    const bool whole = rule_.wish.kind == NatKind::dynamic;
    const Verdict v = whole ? use(Taken{take_address(internal.value)}, packet)
                            : use(take_port(c_, rule_, externals, c, endpoint, home), packet);
    if (!v.is_passed()) return v;
    const MappingId id = MappingId::from_bits(mapping_);
    const bool has_port = id.port_class() != PortClass::address;
    leaves = flow::with_source(leaves, net::be32(address_at(id.address_index(), home.place).value),
                               has_port ? net::be16(id.port()) : leaves.source_port);
    return v;
}

Verdict Hold::take_own_port(Endpoint internal, net::Ipv4Address at,
                            const flow::FlowKey& packet) noexcept {
    const auto external = std::ranges::find(rule_.externals, at, &External::address);
    if (external == rule_.externals.end()) return drop(DropReason::nat_no_port);
    return use(nat::take_own_port(c_, rule_, *external, PortClass::tcp, internal), packet);
}

Verdict Hold::take_record(const flow::FlowKey& owner) noexcept {
    record_ = c_.nat->shared().ftp_records.take(owner);
    if (record_ != 0) return passed();
    return refuse_flow(c_, owner, rule_, DropReason::nat_table_full,
                       layout::EventKind::nat_table_full);
}

Verdict Hold::join(MappingId mapping, Endpoint internal, const flow::FlowKey& packet) noexcept {
    return use(join_port(c_, rule_, mapping, internal), packet);
}

void Hold::permit(net::Ipv4Address remote) noexcept {
    if (rule_.wish.filtering != layout::NatFiltering::address_dependent || mapping_ == no_mapping ||
        (flags_ & (shares_port | maps_remote)) != 0) {
        return;
    }
    remote_ = remote;
    const uint64_t key = permission_key(MappingId::from_bits(mapping_), remote);
    if (c_.nat->shared().counts.add_unlimited(key) == Counted::yes) flags_ |= grants_permission;
}

void Hold::give_back() noexcept {
    nat::give_back(c_.nat->shared(), c_.nat->mapper(), {mapping_, flags_, subscriber_, remote_},
                   rule_.wish.id, &rule_, tick_of(c_));
    if (record_ != 0) c_.nat->shared().ftp_records.give(record_);
}

}  // namespace sluice::nat
