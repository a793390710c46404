// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/nat/translator.h"

#include "dataplane/nat/hold.h"
#include "dataplane/nat/log.h"
#include "dataplane/nat/ports.h"
#include "dataplane/nat/reset.h"
#include "dataplane/nat/rules.h"

namespace sluice::nat {
namespace {

constexpr unsigned ended_a_tick = 64;
constexpr unsigned checked_a_tick = 4096;

// Its rule is there, and the external address is still the rule's.
bool has_rule(const Context& c, const flow::Session& session) noexcept {
    const Rule* rule = c.plan->nat != nullptr ? c.plan->nat->find(session.facts.rule) : nullptr;
    const flow::FlowKey& inbound = session.key(flow::Direction::inbound);
    return rule != nullptr && rule->has_external({inbound.destination.host()});
}

}  // namespace

Translator::Translator(Shared& shared, unsigned worker, unsigned workers,
                       const layout::State* others)
    : shared_(shared),
      timeouts_(timeouts_of({})),
      writer_(shared.table, worker, workers, timeouts_),
      mapper_(shared.mappings, {}),
      others_(others),
      workers_(workers),
      sweeps_(worker == 0) {
    shared.set_writers(workers == 1 ? flow::Writers::one : flow::Writers::several);
    const uint64_t capacity = shared.table.capacity();
    share_begin_ = static_cast<uint32_t>(capacity * worker / workers);
    share_end_ = static_cast<uint32_t>(capacity * (worker + 1) / workers);
    next_checked_ = next_cleared_ = share_end_;
}

void Translator::clear_sessions(const layout::NatClearRequest& request) noexcept {
    if (request.number <= clearing_.number) return;
    clearing_ = request;
    next_cleared_ = share_begin_;
}

void Translator::end_those_to_clear(Context& c) noexcept {
    const uint32_t end = std::min(share_end_, next_cleared_ + checked_a_tick);
    for (; next_cleared_ < end; ++next_cleared_) {
        const flow::Session& session = shared_.table.session(next_cleared_);
        if (session.is_live() && layout::matches(clearing_.filter, session.facts)) {
            this->end(c, next_cleared_);
        }
    }
    if (next_cleared_ == share_end_) {
        c.counters.nat_cleared.store(clearing_.number, std::memory_order_release);
    }
}

std::optional<Mapped> Translator::find_mapping(uint16_t number, uint8_t protocol,
                                               uint16_t port) const noexcept {
    const Mappings& all = shared_.mappings;
    const PortClass c = class_of(protocol);
    if (c != PortClass::address && port != 0) {
        if (const auto internal = all.find(c, number, port)) {
            return Mapped{*internal, MappingId(c, number, port)};
        }
    }
    const auto internal = all.find(PortClass::address, number, 0);
    if (!internal) return std::nullopt;
    return Mapped{*internal, MappingId(PortClass::address, number, 0)};
}

void Translator::let_go(Context& c, const flow::SessionFacts& facts, uint32_t state) noexcept {
    log_ended(c, facts);
    const Rule* rule = c.plan->nat ? c.plan->nat->find(facts.rule) : nullptr;
    give_back(shared_, mapper_, holdings_of(facts), facts.rule, rule, tick_of(c));
    if (record_of(state) != 0) shared_.ftp_records.give(record_of(state));
    c.tally(layout::Tally::nat_sessions_ended);
}

void Translator::end(Context& c, uint32_t place) noexcept {
    const flow::Session& session = shared_.table.session(place);
    const flow::SessionFacts facts = session.facts;
    const uint32_t state = session.state.load(std::memory_order_relaxed);
    if (writer_.remove(place, tick_of(c)) == flow::Status::ok) let_go(c, facts, state);
}

void Translator::follow(Context& c) noexcept {
    if (c.plan->generation == rules_seen_) return;
    rules_seen_ = c.plan->generation;
    next_checked_ = share_begin_;
    if (c.plan->nat == nullptr) return clear(c.pool);
    timeouts_ = timeouts_of(c.plan->nat->settings());
    writer_.set_timeouts(timeouts_);
    mapper_.set_quarantine(quarantine_of(c.plan->nat->settings()));
}

// Sessions of rules that are gone or have changed, or whose interface has another address: a part
// of this worker's share a call.
void Translator::end_those_without_rule(Context& c) noexcept {
    const uint32_t end = std::min(share_end_, next_checked_ + checked_a_tick);
    for (; next_checked_ < end; ++next_checked_) {
        const flow::Session& session = shared_.table.session(next_checked_);
        if (session.is_live() && !has_rule(c, session)) this->end(c, next_checked_);
    }
}

// The last part first, and one a tick; what another worker is in the way of the next time.
void Translator::take_departed_blocks(Context& c) noexcept {
    if (departed_ == nullptr || departed_->all_taken.load(std::memory_order_relaxed)) return;
    const DepartedBlocks::Part& part = departed_->parts[departed_->left - 1];
    const auto tell = [&](const BlockAllocator::Swept& taken) {
        log_block(c, layout::NatLogKind::block_released, part.rule, {taken.subscriber},
                  part.at.address, taken.ports);
    };
    if (part.blocks->take_all(part.at.number, tell)) --departed_->left;
    if (departed_->left == 0) departed_->all_taken.store(true, std::memory_order_release);
}

void Translator::pass_grace_period() noexcept {
    if (grace_ && grace_->passed()) {
        writer_.end_grace_period();
        grace_.reset();
    }
    if (grace_ || !writer_.begin_grace_period()) return;
    if (others_ == nullptr) return writer_.end_grace_period();
    grace_.emplace(*others_, workers_);
}

void Translator::tick(Context& c) noexcept {
    follow(c);
    std::array<uint32_t, ended_a_tick> ended;
    const unsigned n = writer_.expire(tick_of(c), ended);
    for (unsigned i = 0; i < n; ++i) {
        const flow::Session& session = shared_.table.session(ended[i]);
        let_go(c, session.facts, session.state.load(std::memory_order_relaxed));
    }
    for (const uint32_t place : writer_.let_go_on()) {
        ask_whether_open(c, shared_.table.session(place).facts);
    }
    if (next_checked_ < share_end_) end_those_without_rule(c);
    if (next_cleared_ < share_end_) end_those_to_clear(c);
    take_departed_blocks(c);
    pass_grace_period();
    if (c.plan->nat == nullptr) return;
    mapper_.tick(tick_of(c));
    if (sweeps_) sweep_blocks(c);
    if (!fragments_.empty()) fragments_.tick(c);
    if (!syns_.empty()) syns_.tick(c);
}

void Translator::clear(PacketPool& pool) noexcept {
    fragments_.clear(pool);
    syns_.clear(pool);
}

bool Translator::may_tell(layout::EventKind kind, uint32_t tick) noexcept {
    uint32_t& last = told_[static_cast<unsigned>(kind) % told_.size()];
    if (last == tick + 1) return false;
    last = tick + 1;
    return true;
}

}  // namespace sluice::nat
