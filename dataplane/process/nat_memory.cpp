// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/process/nat_memory.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "dataplane/process/clock.h"
#include "lib/flow/move.h"
#include "lib/log.h"

namespace sluice {
namespace {

using layout::NatRegion;

constexpr uint64_t page = 4096;
constexpr uint64_t round_up(uint64_t n) noexcept { return (n + page - 1) / page * page; }

// Of one size, and so at one place, whatever the configuration.
constexpr uint64_t ftp_at = page;
constexpr uint64_t mappings_at = round_up(ftp_at + nat::FtpRecords::bytes);

uint64_t sessions_at(uint32_t addresses) noexcept {
    return round_up(mappings_at + nat::Mappings::bytes_for(addresses));
}

std::span<std::byte> part(NatRegion& region, uint64_t offset, uint64_t size) noexcept {
    return {reinterpret_cast<std::byte*>(&region) + offset, size};
}

// Of a table that was too small for all that were to be put back.
void log_lost(nat::LogRings log, const flow::Table& table,
              const std::vector<flow::SessionCopy>& all) {
    for (const flow::SessionCopy& s : all) {
        if (table.index().find(s.facts.keys[0]).exists()) continue;
        nat::log_ended(log, s.facts, monotonic_ns());
    }
}

}  // namespace

nat::Memory NatMemory::parts() const noexcept {
    auto& region = region_.as<NatRegion>();
    return {part(region, mappings_at, nat::Mappings::bytes_for(addresses_)), addresses_,
            part(region, sessions_at(addresses_), flow::Table::bytes_for(sessions_)), sessions_,
            part(region, ftp_at, nat::FtpRecords::bytes)};
}

// Control finds the parts by what stands in the region.
void NatMemory::lay_out(uint32_t sessions, uint32_t addresses) {
    sessions_ = sessions;
    addresses_ = addresses;
    auto& region = region_.as<NatRegion>();
    const auto tell = [](layout::RegionPart& to, uint64_t offset, uint64_t size) {
        // What is right already is left alone: without a size, the sessions would be lost.
        if (to.offset.load() == offset && to.size.load() == size) return;
        to.size.store(0, std::memory_order_release);
        to.offset.store(offset, std::memory_order_release);
        to.size.store(size, std::memory_order_release);
    };
    tell(region.ftp, ftp_at, nat::FtpRecords::bytes);
    tell(region.mappings, mappings_at, nat::Mappings::bytes_for(addresses));
    tell(region.sessions, sessions_at(addresses), flow::Table::bytes_for(sessions));
}

nat::Memory NatMemory::open(uint32_t sessions, uint32_t addresses, nat::LogRings log,
                            const nat::HasRule& has_rule) {
    const uint64_t size = sessions_at(addresses) + flow::Table::bytes_for(sessions);
    region_ = {};  // gives up its lock, so that the same file can be owned at another size
    region_ = shm::Region::own(run_directory_, layout::nat_region_layout(size), when_foreign_);
    auto& region = region_.as<NatRegion>();
    const uint64_t found = region.sessions.size.load(std::memory_order_acquire);
    const uint64_t found_at = region.sessions.offset.load(std::memory_order_acquire);
    const bool as_wanted =
        found == flow::Table::bytes_for(sessions) && found_at == sessions_at(addresses);
    // No size: a dataplane was killed while it moved the sessions.
    const bool is_whole = found != 0 && found_at % 64 == 0 && found_at >= mappings_at &&
                          found <= region_.size() && found_at <= region_.size() - found;
    std::span<const flow::Session> left_behind;
    if (is_whole) left_behind = flow::Table::sessions_in(part(region, found_at, found));
    nat::make_log_whole(log, left_behind, has_rule, monotonic_ns());
    if (region_.fresh() || as_wanted) {
        lay_out(sessions, addresses);
        return parts();
    }
    const std::vector<flow::SessionCopy> kept = flow::live_sessions(left_behind);
    region.sessions.size.store(0, std::memory_order_release);
    // Slots may come to lie where sessions were.
    const uint64_t first = is_whole ? std::min(found_at, sessions_at(addresses)) : mappings_at;
    std::memset(part(region, first, 0).data(), 0, size - first);
    lay_out(sessions, addresses);
    flow::Table table(parts().sessions_memory, sessions);
    table.adopt(static_cast<uint32_t>(monotonic_ns() / 1'000'000'000));
    const uint32_t moved = flow::put_back(table, kept);
    if (moved < kept.size()) log_lost(log, table, kept);
    spdlog::info("event=sessions_moved found={} kept={} room={}", kept.size(), moved, sessions);
    return parts();
}

std::set<uint32_t> external_addresses(const layout::Snapshot& snapshot) {
    std::set<uint32_t> seen;
    nat::Supply supply = nat::no_supply();
    supply.number_of = [&](net::Ipv4Address a) {
        seen.insert(a.value);
        return 0u;
    };
    nat::Rules::compile(snapshot, supply);
    return seen;
}

std::set<uint32_t> numbered_addresses(const nat::Memory& memory) {
    std::set<uint32_t> seen;
    for (const nat::AddressBlock& block : nat::Mappings::blocks_in(memory.mappings)) {
        if (const uint32_t address = block.address.load(); address != 0) seen.insert(address);
    }
    return seen;
}

}  // namespace sluice
