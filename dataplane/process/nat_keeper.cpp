// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/process/nat_keeper.h"

#include <algorithm>
#include <array>

#include "dataplane/process/clock.h"
#include "lib/log.h"

namespace sluice {
namespace {

// Of that id.
nat::HasRule rules_of(const layout::Snapshot& wanted) {
    return [&nat = wanted.nat](uint16_t id) {
        const std::span rules(nat.rules, nat.settings.rule_count);
        return std::ranges::find(rules, id, &layout::NatRule::id) != rules.end();
    };
}

}  // namespace

NatKeeper::NatKeeper(const std::filesystem::path& run_directory, shm::WhenForeign when_foreign,
                     layout::MainBlock& main, Report& report)
    : main_(main),
      report_(report),
      run_directory_(run_directory),
      when_foreign_(when_foreign),
      memory_(run_directory, when_foreign) {}

bool NatKeeper::fits(const layout::Snapshot& wanted) const {
    if (wanted.nat.settings.sessions == 0) return true;
    if (!tables_) return false;
    auto all = numbered_addresses(memory_.parts());
    all.merge(external_addresses(wanted));
    return all.size() <= tables_->mappings.addresses();
}

void NatKeeper::open_log(const layout::Snapshot& wanted, unsigned workers) {
    const bool is_wanted = wanted.nat.settings.log_events != 0;
    if (log_ && log_->rings().size() >= workers) return;
    if (!is_wanted && !NatLogMemory::is_there(run_directory_)) return;
    log_.reset();  // gives up its lock
    try {
        log_ = std::make_shared<NatLogMemory>(run_directory_, when_foreign_, workers);
    } catch (const shm::Foreign&) {
        if (is_wanted) throw;
    }
}

void NatKeeper::open(const layout::Snapshot& wanted) {
    const layout::NatSettings& settings = wanted.nat.settings;
    const uint32_t sessions = tables_ ? tables_->table.capacity() : settings.sessions;
    uint32_t addresses = tables_ ? tables_->mappings.addresses() : 0;
    const auto more = static_cast<uint32_t>(external_addresses(wanted).size());
    if (!tables_ || !fits(wanted)) addresses = room_for_addresses(addresses + more);
    tables_.reset();
    departed_.reset();
    if (sessions == 0) return;
    const nat::LogRings log = log_ ? log_->rings() : nat::LogRings{};
    tables_.emplace(memory_.open(sessions, addresses, log, rules_of(wanted)));
    const auto adopted = tables_->adopt(monotonic_ns(), nat::quarantine_of(settings), log);
    spdlog::info("event=sessions_adopted kept={} half_made={} half_removed={} refused={} room={}",
                 adopted.sessions.kept - adopted.contradictions, adopted.sessions.half_made,
                 adopted.sessions.half_removed, adopted.sessions.refused + adopted.contradictions,
                 sessions);
}

void NatKeeper::follow_targets(layout::Snapshot& snapshot) {
    const bool is_known = main_.generation.load(std::memory_order_relaxed) == snapshot.generation;
    targets_.follow(snapshot, [&](uint32_t t) { return is_known && main_.is_dead(t); });
    targets_.mark(snapshot);
}

NatKeeper::TargetsLook NatKeeper::look_at_targets(layout::Snapshot& snapshot, uint64_t now_ns) {
    if (!tables_) return {};
    auto look = targets_.look(
        now_ns, [&](uint32_t t) { return tables_->answers.take(static_cast<uint16_t>(t)); });
    for (const HealthWatch::Change& c : look.changes) {
        report_.target(c.kind, c.rule, c.address, c.port);
    }
    if (!look.changes.empty()) targets_.mark(snapshot);
    return {!look.changes.empty(), std::move(look.probes)};
}

void NatKeeper::tell_dead_targets() {
    auto& words = main_.nat_targets_dead;
    std::array<uint64_t, layout::max_nat_targets / 64> bits{};
    for (const uint32_t t : targets_.dead()) bits[t / 64] |= uint64_t{1} << t % 64;
    for (size_t n = 0; n < bits.size(); ++n) words[n].store(bits[n], std::memory_order_relaxed);
}

void NatKeeper::reserve_forwards(const Plan& plan) {
    if (tables_ && plan.nat) ports_to_reserve_ = tables_->reserve_forwards(*plan.nat);
}

bool NatKeeper::each_second(const Plan& plan, bool settled) {
    if (!tables_) return false;
    if (ports_to_reserve_ > 0) reserve_forwards(plan);
    watch_fill();
    if (!settled) return false;
    tables_->drop_unused(plan.nat.get());
    return collect_departed_blocks(plan);
}

bool NatKeeper::collect_departed_blocks(const Plan& plan) {
    if (departed_ && !departed_->all_taken.load(std::memory_order_acquire)) return false;
    departed_ = tables_->take_departed_blocks(plan.nat.get());
    return departed_ != nullptr;
}

// Told before it is full, and again only after it was emptier.
void NatKeeper::watch_fill() {
    constexpr uint64_t high = 90, low = 80;
    const uint64_t room = tables_->table.capacity();
    const uint64_t percent = (room - tables_->table.free_places().count()) * 100 / room;
    if (percent >= high && !fills_) report_.sessions_filling(static_cast<unsigned>(percent));
    fills_ = percent >= high || (fills_ && percent > low);
}

}  // namespace sluice
