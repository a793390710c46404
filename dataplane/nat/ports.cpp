// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/nat/ports.h"

#include <algorithm>

#include "dataplane/nat/log.h"
#include "dataplane/nat/translator.h"

namespace sluice::nat {
namespace {

constexpr unsigned addresses_tried = 8;  // of a pool, where pooling is arbitrary
constexpr unsigned ports_tried = 64;     // of an address, where mappings share them
constexpr PortRange unprivileged{1024, 65535};

// Endpoint-dependent mappings share ports, so that a random one will nearly always do.
Acquired share_port_of(Mapper& mapper, PortClass c, uint32_t number, PortRange range) noexcept {
    const uint32_t many = uint32_t{range.last} - range.first + 1;
    Acquired acquired{Got::no_port, {}};
    for (unsigned i = 0; i < ports_tried && acquired.got == Got::no_port; ++i) {
        const auto port = static_cast<uint16_t>(range.first + mapper.random().below(many));
        acquired = mapper.acquire_shared(c, number, port);
    }
    return acquired;
}

// Nobody gets a port that his address does not say; but a mapping may be older than the rule.
Acquired keep_if_own(Context& c, const Acquired& acquired, PortRange own) noexcept {
    const uint16_t port = acquired.id.port();
    if (!acquired.ok() || (own.first <= port && port <= own.last)) return acquired;
    c.nat->mapper().release(acquired.id, tick_of(c));
    return {Got::busy, {}};
}

Taken take_computed(Context& c, const Rule& rule, const Wish& wish,
                    const Foreseen* foreseen) noexcept {
    if (!rule.deterministic->block_of(wish.internal.address)) return {{Got::no_port, {}}};
    const Acquired acquired = keep_if_own(c, c.nat->mapper().acquire(wish, foreseen), wish.range);
    if (acquired.got != Got::no_port) return {acquired};
    // They are the host's alone, and others have theirs still.
    return {{Got::at_limit, {}}, 0, rule.deterministic->ports_each()};
}

Taken take_in_block(Context& c, const Rule& rule, const Wish& wish,
                    net::Ipv4Address external) noexcept {
    const uint32_t most =
        std::min<uint32_t>(rule.wish.blocks_a_subscriber, BlockAllocator::most_blocks);
    const auto got = rule.blocks->acquire(c.nat->mapper(), wish, most, tick_of(c));
    if (got.new_block) {
        log_block(c, layout::NatLogKind::block_allocated, rule.wish.id, {wish.internal.address},
                  external, rule.blocks->range_of(got.mapping.id));
    }
    return {got.mapping, got.holds_block ? holds_block : uint16_t{0}, most * rule.wish.block_size};
}

bool shares_ports(const Rule& rule) noexcept {
    return rule.wish.mapping == layout::NatMapping::endpoint_dependent;
}

// The ports of a forward are those that it answers at.
PortRange range_of(const Rule& rule, uint32_t internal) noexcept {
    if (rule.wish.kind == NatKind::forward) return unprivileged;
    const auto block = rule.deterministic ? rule.deterministic->block_of(internal) : std::nullopt;
    return block ? block->ports : PortRange{rule.wish.first_port, rule.wish.last_port};
}

Taken take_unshared(Context& c, const Rule& rule, PortClass pc, Endpoint internal,
                    const External& at, const Foreseen* foreseen) noexcept {
    const Wish wish = wish_of(rule, pc, internal, at);
    if (rule.blocks != nullptr) return take_in_block(c, rule, wish, at.address);
    return rule.deterministic ? take_computed(c, rule, wish, foreseen)
                              : Taken{c.nat->mapper().acquire(wish, foreseen)};
}

Taken take_at(Context& c, const Rule& rule, PortClass pc, Endpoint internal, const External& at,
              const Foreseen* foreseen) noexcept {
    if (!shares_ports(rule)) return take_unshared(c, rule, pc, internal, at, foreseen);
    return {
        share_port_of(c.nat->mapper(), pc, at.number, {rule.wish.first_port, rule.wish.last_port})};
}

// RFC 6888 REQ-4. A port is counted before it is taken, so that nobody at his limit wears out
// ports, which would rest for nothing.
Taken take_within_limit(Context& c, const Rule& rule, PortClass pc, Endpoint internal,
                        const External& at, const Foreseen* foreseen = nullptr) noexcept {
    const uint32_t limit = rule.wish.ports_a_subscriber;
    if (limit == 0) return take_at(c, rule, pc, internal, at, foreseen);
    CountTable& counts = c.nat->shared().counts;
    const uint64_t key = ports_key({internal.address});
    const bool has_one = c.nat->shared().mappings.find_external(pc, internal, at.number).exists();
    const Counted counted = counts.add(key, has_one ? CountTable::most : limit);
    if (counted == Counted::at_limit) return {{Got::at_limit, {}}, 0, limit};
    if (counted == Counted::busy) return {{Got::busy, {}}};
    Taken taken = take_at(c, rule, pc, internal, at, foreseen);
    taken.flags |= counts_port;
    const bool made = taken.mapping.got == Got::made;
    if (made && counted == Counted::yes) c.nat->mapper().mark(taken.mapping.id);
    if (!made && counted == Counted::yes) counts.subtract(key);
    return taken;
}

}  // namespace

Wish wish_of(const Rule& rule, PortClass pc, Endpoint internal, const External& at) noexcept {
    return {.port_class = pc,
            .internal = internal,
            .address_index = at.number,
            .range = range_of(rule, internal.address),
            .keep_parity = rule.wish.keep_parity != 0};
}

Taken take_own_port(Context& c, const Rule& rule, const External& at, PortClass pc,
                    Endpoint internal) noexcept {
    return shares_ports(rule) ? take_unshared(c, rule, pc, internal, at, nullptr)
                              : take_within_limit(c, rule, pc, internal, at);
}

Taken join_port(Context& c, const Rule& rule, MappingId mapping, Endpoint internal) noexcept {
    const uint16_t counts = rule.wish.ports_a_subscriber != 0 ? counts_port : uint16_t{0};
    if (rule.blocks == nullptr) return {c.nat->mapper().join(mapping, internal), counts};
    const auto got = rule.blocks->join(c.nat->mapper(), mapping, internal, tick_of(c));
    const uint16_t holds = got.holds_block ? holds_block : uint16_t{0};
    return {got.mapping, static_cast<uint16_t>(counts | holds)};
}

// Where pooling is arbitrary, a mapping may be at another address than its home; so those are
// asked first.
Taken take_port(Context& c, const Rule& rule, std::span<const External> all, PortClass pc,
                Endpoint internal, const Home& home) noexcept {
    const bool paired = rule.wish.pooling == layout::NatPooling::paired;
    const auto tried =
        paired ? 1 : std::min<unsigned>(addresses_tried, static_cast<unsigned>(all.size()));
    if (tried == 1) {
        return take_within_limit(c, rule, pc, internal, all[home.place], home.foreseen);
    }
    const bool dependent = rule.wish.mapping == layout::NatMapping::endpoint_dependent;
    const Mappings& mappings = c.nat->shared().mappings;
    const auto nth = [&](unsigned i) -> const External& {
        return all[(home.place + i) % all.size()];
    };
    for (unsigned i = 0; !dependent && i < tried; ++i) {
        const MappingId known = mappings.find_external(pc, internal, nth(i).number);
        if (known.exists()) return join_port(c, rule, known, internal);
    }
    Taken taken = take_within_limit(c, rule, pc, internal, nth(0), home.foreseen);
    for (unsigned i = 1; i < tried && taken.mapping.got == Got::no_port; ++i) {
        taken = take_within_limit(c, rule, pc, internal, nth(i));
    }
    return taken;
}

void sweep_blocks(Context& c) noexcept {
    for (const Rule& rule : c.plan->nat->all()) {
        if (rule.blocks == nullptr) continue;
        const auto tell = [&](const BlockAllocator::Swept& swept) {
            const auto at = std::ranges::find(rule.externals, swept.address, &External::number);
            if (at == rule.externals.end()) return;
            log_block(c, layout::NatLogKind::block_released, rule.wish.id, {swept.subscriber},
                      at->address, swept.ports);
        };
        rule.blocks->sweep(tick_of(c), c.plan->nat->settings().quarantine_s, tell);
    }
}

}  // namespace sluice::nat
