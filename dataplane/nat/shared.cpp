// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/nat/shared.h"

#include <algorithm>
#include <bitset>

#include "dataplane/nat/log.h"
#include "dataplane/nat/session_state.h"
#include "lib/time_units.h"

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

Shared::Adopted Shared::adopt(uint64_t now_ns, const QuarantineTimes& times, LogRings log) {
    const auto now = static_cast<uint32_t>(now_ns / second_ns);
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
        log_ended(log, s.facts, now_ns);
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

std::shared_ptr<BlockAllocator> Shared::blocks_of(const Rule& rule) {
    const layout::NatRule& wish = rule.wish;
    RulesBlocks& of_rule = blocks_[wish.id];
    if (of_rule.blocks == nullptr) {
        of_rule.blocks = std::make_shared<BlockAllocator>(
            BlockAllocator::Shape{.ports = {wish.first_port, wish.last_port},
                                  .block_size = wish.block_size,
                                  .addresses = mappings.addresses()});
        adopt_blocks(wish.id, of_rule);
    }
    for (const External& e : rule.externals) of_rule.add(e);
    return of_rule.blocks;
}

std::shared_ptr<DepartedBlocks> Shared::take_departed_blocks(const Rules* rules) {
    auto departed = std::make_shared<DepartedBlocks>();
    const auto rule_of = [&](uint16_t id) { return rules != nullptr ? rules->find(id) : nullptr; };
    for (auto& [id, known] : blocks_) {
        const Rule* rule = rule_of(id);
        const auto stays = [&](const External& e) {
            return rule != nullptr && std::ranges::count(rule->externals, e) != 0;
        };
        for (const External& e : known.at) {
            if (!stays(e)) departed->parts.push_back({known.blocks, id, e});
        }
        std::erase_if(known.at, [&](const External& e) { return !stays(e); });
    }
    std::erase_if(blocks_, [&](const auto& known) { return rule_of(known.first) == nullptr; });
    departed->left = departed->parts.size();
    return departed->left == 0 ? nullptr : departed;
}

// A rule that is new to the process but not to the sessions is one of the process before.
void Shared::adopt_blocks(uint16_t rule, RulesBlocks& of_rule) {
    flow::SessionCopy copy;
    for (uint32_t place = 0; place < table.capacity(); ++place) {
        if (!flow::copy_live(copy, table.session(place)) || copy.facts.rule != rule) continue;
        if ((copy.facts.flags & holds_block) == 0 || copy.facts.mapping == no_mapping) continue;
        const MappingId id = MappingId::from_bits(copy.facts.mapping);
        of_rule.blocks->adopt(id, {subscriber_of(copy.facts).value, 0});
        of_rule.add(
            {{copy.facts.keys[1].destination.host()}, static_cast<uint16_t>(id.address_index())});
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
