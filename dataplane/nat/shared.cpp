// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/nat/shared.h"

#include <bitset>

#include "dataplane/nat/log.h"
#include "dataplane/nat/session_state.h"

namespace sluice::nat {

namespace {

// A session grants one permission at most, and subscribers are fewer than sessions by far. Were
// they as many, one key in forty would find no room, and not be counted.
uint32_t keys_of_counts(uint32_t sessions) noexcept { return sessions + sessions / 5; }

}  // namespace

Shared::Shared(const Memory& memory)
    : table(memory.sessions_memory, memory.sessions),
      mappings(memory.mappings, memory.addresses, memory.sessions),
      counts(keys_of_counts(memory.sessions)),
      ftp_records(memory.ftp_records) {}

Shared::Adopted Shared::adopt(uint32_t now, const QuarantineTimes& times, LogRings log) {
    Adopted adopted{table.adopt(now), 0};
    flow::Timeouts unused{};
    unused.ticks.fill(1);
    flow::Writer writer(table, 0, 1, unused);
    mappings.begin_adoption();
    for (uint32_t place = 0; place < table.capacity(); ++place) {
        const flow::Session& s = table.session(place);
        if (!s.is_live()) continue;
        if (adopt_all(s)) continue;
        ++adopted.contradictions;
        log_ended(log, s.facts, uint64_t{now} * 1'000'000'000);
        writer.remove(place, now);
    }
    mappings.end_adoption(now, times);
    while (writer.begin_grace_period()) {
        writer.end_grace_period();
        writer.expire(now, {});
    }
    return adopted;
}

void Shared::drop_unused(const Rules* rules) noexcept {
    std::bitset<layout::max_nat_addresses> used;
    const auto use = [&](const std::vector<External>& externals) {
        for (const External& e : externals) used.set(e.number);
    };
    for (const Rule& r : rules != nullptr ? rules->all() : std::span<const Rule>{}) {
        use(r.externals);
        use(r.source_externals);
    }
    for (uint32_t number = 0; number < mappings.addresses(); ++number) {
        if (!used[number]) mappings.drop(number);
    }
}

// What the session holds; nothing, and false, where part of it is another's.
bool Shared::adopt_all(const flow::Session& s) noexcept {
    const uint32_t record = record_of(s.state.load(std::memory_order_relaxed));
    if (record != 0 && !ftp_records.adopt(record, s.key(flow::Direction::outbound))) return false;
    if (!adopt_mapping(s.facts)) {
        if (record != 0) ftp_records.give(record);
        return false;
    }
    adopt_counts(s.facts);
    return true;
}

uint32_t Shared::reserve(const Rule& forward, const Rules& rules) {
    uint32_t in_use = 0;
    const PortRange ports{forward.wish.first_port, forward.wish.last_port};
    for (const External& e : rules.with_numbers()) {
        if (!Rule::is_in(forward.pool, e.address)) continue;
        for (const uint8_t protocol : {uint8_t{6}, uint8_t{17}}) {
            if (!forward.takes_protocol(protocol)) continue;
            in_use += mappings.reserve(class_of(protocol), e.number, ports);
            reserved_.push_back({class_of(protocol), e.number, ports});
        }
    }
    return in_use;
}

uint32_t Shared::reserve_forwards(const Rules& rules) {
    for (const Reserved& r : reserved_) mappings.unreserve(r.port_class, r.number, r.ports);
    reserved_.clear();
    uint32_t in_use = 0;
    for (const Rule& rule : rules.all()) {
        if (rule.wish.kind == NatKind::forward) in_use += reserve(rule, rules);
    }
    return in_use;
}

// What the session says of its mapping must agree with its keys.
bool Shared::adopt_mapping(const flow::SessionFacts& f) noexcept {
    if (f.mapping == no_mapping) return true;
    const MappingId id = MappingId::from_bits(f.mapping);
    if (id.address_index() >= mappings.addresses()) return false;
    // Twice NAT gives the remote a mapping, any other the host inside.
    const bool of_remote = (f.flags & maps_remote) != 0;
    const flow::FlowKey& inside = f.keys[of_remote ? 1 : 0];
    const flow::FlowKey& outside = f.keys[of_remote ? 0 : 1];
    const auto number = mappings.number_of({outside.destination.host()});
    const bool whole = id.port_class() == PortClass::address;
    if (!number || *number != id.address_index() ||
        (!whole && id.port() != outside.destination_port.host())) {
        return false;
    }
    if ((f.flags & shares_port) != 0) return mappings.adopt_shared(id);
    // A host has one whole address of each rule's pool.
    return mappings.adopt(id, {inside.source.host(), whole ? f.rule : inside.source_port.host()});
}

void Shared::adopt_counts(const flow::SessionFacts& f) noexcept {
    if ((f.flags & holds_count) != 0) {
        counts.add(subscriber_key(f.rule, subscriber_of(f)), CountTable::most);
    }
    const MappingId id = MappingId::from_bits(f.mapping);
    if ((f.flags & grants_permission) != 0) {
        counts.add(permission_key(id, permitted_by(f)), CountTable::most);
    }
    if ((f.flags & counts_port) != 0 && f.mapping != no_mapping && mappings.mark(id)) {
        counts.add(ports_key(subscriber_of(f)), CountTable::most);
    }
}

std::shared_ptr<BlockAllocator> Shared::blocks_of(const layout::NatRule& rule) {
    std::erase_if(blocks_, [](const auto& known) { return known.second.expired(); });
    if (auto known = blocks_[rule.id].lock()) return known;
    const auto blocks = std::make_shared<BlockAllocator>(
        BlockAllocator::Shape{.ports = {rule.first_port, rule.last_port},
                              .block_size = rule.block_size,
                              .addresses = mappings.addresses()});
    adopt_blocks(rule.id, *blocks);
    blocks_[rule.id] = blocks;
    return blocks;
}

// A rule that is new to the process but not to the sessions is one of the process before.
void Shared::adopt_blocks(uint16_t rule, BlockAllocator& blocks) noexcept {
    flow::SessionCopy copy;
    for (uint32_t place = 0; place < table.capacity(); ++place) {
        if (!flow::copy_live(copy, table.session(place)) || copy.facts.rule != rule) continue;
        if ((copy.facts.flags & holds_block) == 0 || copy.facts.mapping == no_mapping) continue;
        blocks.adopt(MappingId::from_bits(copy.facts.mapping),
                     {subscriber_of(copy.facts).value, 0});
    }
}

Holdings holdings_of(const flow::SessionFacts& f) noexcept {
    return {f.mapping, f.flags, subscriber_of(f), permitted_by(f)};
}

void give_back(Shared& shared, Mapper& mapper, const Holdings& held, uint16_t rule_id,
               const Rule* rule, uint32_t now) noexcept {
    const MappingId id = MappingId::from_bits(held.mapping);
    if ((held.flags & grants_permission) != 0) {
        shared.counts.subtract(permission_key(id, held.remote));
    }
    if (held.mapping != no_mapping && mapper.release(id, now)) {
        shared.counts.subtract(ports_key(held.subscriber));
    }
    if ((held.flags & holds_block) != 0 && rule != nullptr && rule->blocks != nullptr) {
        rule->blocks->release(id, held.subscriber.value, now);
    }
    if ((held.flags & holds_count) != 0) {
        shared.counts.subtract(subscriber_key(rule_id, held.subscriber));
    }
}

}  // namespace sluice::nat
