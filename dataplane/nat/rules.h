// SPDX-License-Identifier: BSD-3-Clause
// The NAT's rules as the workers use them: a part of the plan, compiled from the snapshot by the
// main thread, which checks every number in it; immutable from then on.
//
// Only first packets of flows look at rules. Everything after finds a session.
#pragma once
#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "lib/layout/snapshot.h"
#include "lib/nat/blocks.h"
#include "lib/nat/deterministic.h"
#include "lib/net/address.h"

namespace sluice::nat {

using layout::InterfaceId;
using layout::NatKind;
using layout::NatRange;

constexpr uint32_t weight_of(const layout::NatTarget& t) noexcept {
    return t.weight & ~uint32_t{layout::target_is_dead};
}
constexpr bool is_alive(const layout::NatTarget& t) noexcept {
    return (t.weight & layout::target_is_dead) == 0;
}

struct Rule;

// What rules get of the tables that all workers share, and that outlive a plan.
struct Supply {
    // The number under which an external address has its ports (lib/nat/mappings.h). Numbers
    // outlive configurations and processes. Nothing when there is no room for another address.
    std::function<std::optional<uint32_t>(net::Ipv4Address)> number_of;
    // The blocks of a rule that gives out ports in blocks, the same as long as it has its id.
    std::function<std::shared_ptr<BlockAllocator>(const Rule&)> blocks_of;
};

// For plans that are only looked at.
inline Supply no_supply() {
    return {[](net::Ipv4Address) { return 0u; }, [](const Rule&) { return nullptr; }};
}

struct External {
    net::Ipv4Address address;
    uint16_t number;
    bool operator==(const External&) const noexcept = default;
};

// A target that is asked whether it lives.
struct Probed {
    layout::NatProbe kind = layout::NatProbe::none;
    net::Ipv4Address address;
    uint16_t port = 0;  // of TCP
    bool operator==(const Probed&) const noexcept = default;
};

struct Rule {
    layout::NatRule wish;
    std::span<const NatRange> from, to, pool, source_pool;
    NatRange internal{};
    std::span<const layout::NatTarget> targets;
    // Where ports are shared out: the pool, or the interface's addresses; by address. Of a forward
    // with an ALG, the addresses that it is for.
    std::vector<External> externals;
    std::vector<External> source_externals;  // the same, for the other side of twice NAT
    std::vector<NatRange> interface_ranges;  // what `pool` shows where the rule is to an interface
    uint32_t total_weight = 0;               // of the targets, dead ones too
    uint32_t living_weight = 0;
    std::vector<uint16_t> whole_addresses{};   // of a dynamic rule: the numbers of its addresses
    std::shared_ptr<BlockAllocator> blocks{};  // null where ports are not given out in blocks
    std::optional<Deterministic> deterministic{};  // who has which ports (RFC 7422)

    bool has(layout::NatAlg alg) const noexcept { return (wish.algs & alg) != 0; }
    bool takes_source(net::Ipv4Address a) const noexcept { return is_in(from, a); }
    bool takes_destination(net::Ipv4Address a) const noexcept { return is_in(to, a); }
    bool takes_protocol(uint8_t protocol) const noexcept {
        return wish.protocol == 0 || wish.protocol == protocol;
    }
    bool takes_in(InterfaceId in) const noexcept {
        return wish.in == layout::no_interface || wish.in == in;
    }
    bool takes_out(InterfaceId out) const noexcept {
        return wish.out == layout::no_interface || wish.out == out;
    }
    // Of a fixed rule: the host that an address outside is of, and the other way round.
    net::Ipv4Address host_of(net::Ipv4Address external) const noexcept {
        return {internal.first + (external.value - pool[0].first)};
    }
    net::Ipv4Address external_of(net::Ipv4Address host) const noexcept {
        return {pool[0].first + (host.value - internal.first)};
    }
    // Whether hosts inside with this address get their external one from it.
    bool is_for_host(net::Ipv4Address a) const noexcept;
    // False for an address that was its interface's before.
    bool has_external(net::Ipv4Address a) const noexcept;
    // Of a deterministic rule: where among `externals` the address is whose ports a host has.
    unsigned place_of_block(net::Ipv4Address internal) const noexcept;
    // No ranges stand for all addresses.
    static bool is_in(std::span<const NatRange> ranges, net::Ipv4Address a) noexcept {
        for (const NatRange& r : ranges) {
            if (a.value >= r.first && a.value <= r.last) return true;
        }
        return ranges.empty();
    }
};

// A first packet, as rules see it.
struct Question {
    InterfaceId in = layout::no_interface;
    InterfaceId out = layout::no_interface;
    net::Ipv4Address source, destination;
    uint16_t source_port = 0, destination_port = 0;
    uint8_t protocol = 0;
    bool any_interface = false;  // as if it had come in by the interface that a rule names
};

class Rules {
  public:
    // Throws std::runtime_error where the snapshot contradicts itself or `numbers` has no room.
    // Null where there is no NAT.
    static std::unique_ptr<const Rules> compile(const layout::Snapshot& snapshot,
                                                const Supply& supply);

    const layout::NatSettings& settings() const noexcept { return settings_; }
    std::span<const Rule> all() const noexcept { return rules_; }
    // Null once the rule is gone or has changed its meaning.
    const Rule* find(uint16_t id) const noexcept {
        const uint16_t place = place_of_[id % layout::max_nat_rules];
        return place != 0 && rules_[place - 1].wish.id == id ? &rules_[place - 1] : nullptr;
    }

    // The same as find() != nullptr, for every packet.
    bool has(uint16_t id) const noexcept { return id_at_[id % layout::max_nat_rules] == id; }

    // The first rule that decides what becomes of the source of a packet that leaves (source,
    // dynamic, fixed); null where none does, or one that exempts does so first.
    const Rule* for_source(const Question& q) const noexcept;
    // The same for the destination of a packet that came in (forward, fixed).
    const Rule* for_destination(const Question& q) const noexcept;
    // The rule that gives the source of a packet from inside an external address when it leaves, or
    // would if it did; null where the packet is not from inside.
    const Rule* of_sender(const Question& q) const noexcept;
    // The rule that gives a host inside an address of its own outside (fixed, dynamic), for who
    // asks for it by name.
    const Rule* for_name(net::Ipv4Address inside) const noexcept;
    // The source rule whose mappings at this external address hold this internal one.
    const Rule* owner_of(uint16_t number, net::Ipv4Address internal) const noexcept;

    // All addresses whose ports are shared out.
    std::span<const External> externals() const noexcept { return by_address_; }
    // The same, and those at which an ALG takes ports for hosts behind a forward. Some twice.
    std::span<const External> with_numbers() const noexcept { return with_numbers_; }
    // Whether a rule has an ALG that awaits flows from outside.
    bool awaits_flows() const noexcept { return awaits_flows_; }
    // Whether packets for the address may be for somebody else: it is of a pool, a forward's, or a
    // static one outside.
    bool is_external(net::Ipv4Address a) const noexcept;
    // The number of an address whose ports are shared out here.
    std::optional<uint16_t> number_of(net::Ipv4Address external) const noexcept;
    // By its place among all rules' targets; null where none is probed there.
    const Probed* probed(uint32_t target) const noexcept {
        const bool is_one =
            target < probed_.size() && probed_[target].kind != layout::NatProbe::none;
        return is_one ? &probed_[target] : nullptr;
    }
    // The places of those that have the address.
    std::span<const uint16_t> probed_at(net::Ipv4Address address) const noexcept;
    // Whether packets that leave by the interface may have to be translated.
    bool concerns(InterfaceId out) const noexcept { return leaves_by_[out]; }

  private:
    void check(const layout::Snapshot& s);
    void add(const layout::NatRule& wish, const layout::Snapshot& s, const Supply& supply);
    void collect_externals();
    void share_out(Rule& rule, const Supply& supply);
    void add_probed(const layout::NatRule& wish);
    void sort_probed();
    void add_way_out(InterfaceId out);
    bool is_exempt(const Rule& rule, const Question& q) const noexcept;

    layout::NatSettings settings_{};
    std::vector<NatRange> ranges_;
    std::vector<layout::NatTarget> targets_;
    std::vector<Probed> probed_;               // by target
    std::vector<uint16_t> probed_by_address_;  // places of targets
    std::vector<Rule> rules_;
    std::vector<External> by_address_;       // of all rules; sorted, each once
    std::vector<NatRange> external_ranges_;  // apart, in order
    std::vector<External> with_numbers_;
    bool awaits_flows_ = false;
    std::array<uint16_t, layout::max_nat_rules> place_of_{};  // by id; 0: none, else one more
    std::array<uint16_t, layout::max_nat_rules> id_at_{};     // the same; 0: none
    std::array<bool, layout::max_interfaces> leaves_by_{};
};

}  // namespace sluice::nat
