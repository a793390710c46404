// SPDX-License-Identifier: BSD-3-Clause
#include "test/support/nat_check.h"

#include "dataplane/nat/session_state.h"

namespace sluice::test {
namespace {

using flow::Direction;

std::string number(uint64_t n) { return std::to_string(n); }

// The internal endpoint that the session's mapping is to be of (lib/nat/mapping.h).
nat::Endpoint owner_of(const flow::SessionFacts& f) {
    const flow::FlowKey& inside = f.keys[(f.flags & nat::maps_remote) != 0 ? 1 : 0];
    const bool whole = nat::MappingId::from_bits(f.mapping).port_class() == nat::PortClass::address;
    return {inside.source.host(), whole ? f.rule : inside.source_port.host()};
}

}  // namespace

std::string NatCheck::look_at(const flow::Session& session, uint32_t place, Found& found) const {
    const flow::SessionFacts& f = session.facts;
    const nat::Shared& shared = router_.nat()->shared();
    for (const Direction d : {Direction::outbound, Direction::inbound}) {
        if (shared.table.index().find(session.key(d)) != flow::Flow(place, d)) {
            return "session " + number(place) + " is not what its key finds";
        }
    }
    ++found.live;
    found.records += nat::record_of(session.state.load()) != 0;
    if ((f.flags & nat::holds_count) != 0) {
        ++found.counts[nat::subscriber_key(f.rule, nat::subscriber_of(f))];
    }
    if (f.mapping == nat::no_mapping) return {};
    const auto id = nat::MappingId::from_bits(f.mapping);
    ++found.mappings[f.mapping];
    if ((f.flags & nat::counts_port) != 0 && found.ports.insert(f.mapping).second) {
        ++found.counts[nat::ports_key(nat::subscriber_of(f))];
    }
    if ((f.flags & nat::grants_permission) != 0) {
        ++found.counts[nat::permission_key(id, nat::permitted_by(f))];
    }
    const nat::SlotWord word = shared.mappings.word(id);
    const bool as_said =
        (f.flags & nat::shares_port) != 0 ? word.is_shared() : word.internal() == owner_of(f);
    if (!as_said) return "mapping " + number(id.bits()) + " is not had by its session's host";
    return look_at_share(f);
}

// That the port is one of those that the rule has for the host.
std::string NatCheck::look_at_share(const flow::SessionFacts& f) const {
    const nat::Rules* rules = router_.plan().nat.get();
    const nat::Rule* rule = rules != nullptr ? rules->find(f.rule) : nullptr;
    if (rule == nullptr) return {};
    const auto id = nat::MappingId::from_bits(f.mapping);
    const net::Ipv4Address host = nat::subscriber_of(f);
    if ((f.flags & nat::holds_block) != 0 &&
        (rule->blocks == nullptr || !rule->blocks->is_held_by(id, host.value))) {
        return "mapping " + number(id.bits()) + " is of a block that its host does not hold";
    }
    const auto own = rule->deterministic ? rule->deterministic->block_of(host.value) : std::nullopt;
    if (!own) return {};
    const bool at_home = rule->externals[rule->place_of_block(host)].number == id.address_index();
    const bool is_own = own->ports.first <= id.port() && id.port() <= own->ports.last;
    return at_home && is_own ? "" : "mapping " + number(id.bits()) + " is not of its host's ports";
}

std::string NatCheck::contradiction() {
    Found found;
    if (router_.nat() == nullptr) return {};
    const auto sessions = router_.nat()->shared().table.sessions();
    for (uint32_t place = 0; place < sessions.size(); ++place) {
        if (!sessions[place].is_live()) continue;
        const std::string wrong = look_at(sessions[place], place, found);
        if (!wrong.empty()) return wrong;
    }
    return compare(found);
}

std::string NatCheck::compare(const Found& found) {
    const uint64_t made = router_.tally(layout::Tally::nat_sessions_made);
    const uint64_t ended = router_.tally(layout::Tally::nat_sessions_ended);
    if (made != ended + found.live) {
        return number(made) + " sessions were made, " + number(ended) + " ended, " +
               number(found.live) + " live";
    }
    const nat::Shared& shared = router_.nat()->shared();
    if (shared.ftp_records.in_use() != found.records) {
        return number(shared.ftp_records.in_use()) + " records are in use by " +
               number(found.records) + " sessions";
    }
    for (const auto& [key, count] : found.counts) counted_.insert(key);
    for (const uint64_t key : counted_) {
        const auto now = found.counts.find(key);
        const uint32_t there = now == found.counts.end() ? 0 : now->second;
        if (shared.counts.count(key) != there) {
            return number(shared.counts.count(key)) + " are counted where there are " +
                   number(there);
        }
    }
    return compare_mappings(found);
}

std::string NatCheck::compare_mappings(const Found& found) const {
    const nat::Mappings& mappings = router_.nat()->shared().mappings;
    std::map<std::pair<nat::PortClass, uint32_t>, uint32_t> used;
    for (const auto& [bits, sessions] : found.mappings) {
        const auto id = nat::MappingId::from_bits(bits);
        ++used[{id.port_class(), id.address_index()}];
        if (mappings.word(id).sessions() != sessions) {
            return "mapping " + number(bits) + " says " + number(mappings.word(id).sessions()) +
                   " sessions and has " + number(sessions);
        }
    }
    for (uint32_t address = 0; address < mappings.addresses(); ++address) {
        for (unsigned c = 0; c < nat::port_classes; ++c) {
            const auto port_class = static_cast<nat::PortClass>(c);
            const auto here = used.find({port_class, address});
            const uint32_t mapped = here == used.end() ? 0 : here->second;
            if (mappings.level(port_class, address).used != mapped) {
                return "of class " + number(c) + " at address " + number(address) + " " +
                       number(mappings.level(port_class, address).used) + " are used, not " +
                       number(mapped);
            }
        }
    }
    return {};
}

}  // namespace sluice::test
