// SPDX-License-Identifier: BSD-3-Clause
#include "lib/flow/writer.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace sluice::flow {
namespace {

// Ticks wrap; what lies half of their range ahead is taken for the past.
bool has_come(uint32_t tick, uint32_t now) noexcept {
    return static_cast<int32_t>(tick - now) <= 0;
}

uint32_t look_time(uint32_t tick) noexcept { return tick != 0 ? tick : 1; }

// Shares begin at multiples of 64, so that no two workers' looking times share a line.
uint32_t share_begin(uint64_t worker, uint64_t workers, uint32_t capacity) noexcept {
    const uint64_t groups = (capacity + 63) / 64;
    return static_cast<uint32_t>(std::min<uint64_t>(groups * worker / workers * 64, capacity));
}

Status status_of(Index::Linked linked, Status of_existing) noexcept {
    switch (linked) {
        case Index::Linked::ok: return Status::ok;
        case Index::Linked::exists: return of_existing;
        case Index::Linked::busy: return Status::busy;
        case Index::Linked::full: return Status::index_full;
    }
    return Status::busy;
}

}  // namespace

const char* describe(Status status) noexcept {
    switch (status) {
        case Status::ok: return "ok";
        case Status::exists: return "the session exists";
        case Status::taken: return "the external flow belongs to another session";
        case Status::busy: return "another worker is in the way";
        case Status::full: return "all sessions are in use";
        case Status::index_full: return "no room in the index";
        case Status::gone: return "the session has ended";
    }
    return "unknown";
}

uint64_t due_of_64_plain(const LookAt* looks, uint32_t now) noexcept {
    uint64_t due = 0;
    for (unsigned i = 0; i < 64; ++i) {
        const uint32_t tick = looks[i].load(std::memory_order_relaxed);
        due |= uint64_t{tick != 0 && has_come(tick, now)} << i;
    }
    return due;
}

#if SLUICE_FLOW_SSE2
uint64_t due_of_64(const LookAt* looks, uint32_t now) noexcept {
    const __m128i zero = _mm_setzero_si128();
    const __m128i current = _mm_set1_epi32(static_cast<int>(now));
    const auto idle = [&](const __m128i* four) {
        const __m128i tick = _mm_load_si128(four);
        return _mm_or_si128(_mm_cmpeq_epi32(tick, zero),
                            _mm_cmpgt_epi32(_mm_sub_epi32(tick, current), zero));
    };
    uint64_t not_due = 0;
    for (unsigned i = 0; i < 64; i += 16) {
        const auto* at = reinterpret_cast<const __m128i*>(looks + i);
        const __m128i low = _mm_packs_epi32(idle(at), idle(at + 1));
        const __m128i high = _mm_packs_epi32(idle(at + 2), idle(at + 3));
        const int mask = _mm_movemask_epi8(_mm_packs_epi16(low, high));
        not_due |= uint64_t{static_cast<uint16_t>(mask)} << i;
    }
    return ~not_due;
}
#else
uint64_t due_of_64(const LookAt* looks, uint32_t now) noexcept {
    return due_of_64_plain(looks, now);
}
#endif

Writer::Writer(Table& table, unsigned worker, unsigned workers, const Timeouts& timeouts)
    : table_(table),
      timeouts_(&timeouts),
      share_begin_(share_begin(worker, workers, table.capacity())),
      share_end_(share_begin(worker + 1, workers, table.capacity())),
      next_place_(share_begin_),
      sweep_at_(share_end_) {}

unsigned Writer::owner_of(uint32_t place, uint32_t capacity, unsigned workers) noexcept {
    unsigned worker = 0;
    while (worker + 1 < workers && share_begin(worker + 1, workers, capacity) <= place) ++worker;
    return worker;
}

uint32_t Writer::take_place() noexcept {
    if (ahead_ == 0) take_ahead();
    if (ahead_ == 0) {
        give_back_some();
        return table_.free_.take(share_begin_);
    }
    const uint32_t place = ahead_at_ + static_cast<uint32_t>(std::countr_zero(ahead_));
    ahead_ &= ahead_ - 1;
    return place;
}

// None where the share has none left.
void Writer::take_ahead() noexcept {
    for (const uint32_t from : {next_place_, share_begin_}) {
        const uint32_t place = from < share_end_ ? table_.free_.next_free(from) : share_end_;
        if (place >= share_end_) continue;
        ahead_at_ = place / 64 * 64;
        ahead_ = table_.free_.take_of_64(ahead_at_);
        next_place_ = ahead_at_ + 64;
        if (ahead_ != 0) return;
    }
}

void Writer::give_back_ahead() noexcept {
    if (ahead_ == 0) return;
    next_place_ = ahead_at_;
    table_.free_.give_of_64(ahead_at_, std::exchange(ahead_, 0));
}

void Writer::prefetch_place(uint32_t place) const noexcept {
    prefetch(&table_.sessions_[place]);
    prefetch(&table_.look_at_[place]);
}

void Writer::prefetch_places(unsigned inserts) noexcept {
    if (ahead_ == 0) take_ahead();
    for (uint64_t left = ahead_; left != 0 && inserts > 0; left &= left - 1, --inserts) {
        prefetch_place(ahead_at_ + static_cast<uint32_t>(std::countr_zero(left)));
    }
    for (uint32_t place = next_place_; inserts > 0 && place < share_end_; --inserts, ++place) {
        place = table_.free_.next_free(place);
        if (place < share_end_) prefetch_place(place);
    }
}

void Writer::fill(Session& session, const NewSession& made, uint32_t now) noexcept {
    const KeyWords outbound = words_of(made.outbound), inbound = words_of(made.inbound);
    const Deltas deltas = deltas_of(made.outbound, made.inbound);
    // SessionFacts, made in registers: read back from a struct in larger pieces than those that it
    // was written in, it would be waited for.
    shm::store_words<6>(
        session.facts,
        {outbound.low, outbound.high, inbound.low, inbound.high,
         deltas.network | uint32_t{deltas.transport} << 16 | uint64_t{made.mapping} << 32,
         now | uint64_t{made.rule} << 32 | uint64_t{made.flags} << 48});
    session.last_seen.store(now, std::memory_order_release);
    session.state.store(made.state, std::memory_order_release);
}

Writer::Made Writer::insert(const NewSession& made, uint32_t now) noexcept {
    const Index& index = table_.index_;
    const Hashes hashes{index.hash(made.outbound), index.hash(made.inbound)};
    index.prefetch(hashes.outbound);
    index.prefetch(hashes.inbound);
    return insert(made, hashes, now);
}

Writer::Made Writer::insert(const NewSession& made, const Hashes& hashes, uint32_t now) noexcept {
    if (!can_retire()) return {Status::busy, {}};
    Index& index = table_.index_;
    const uint32_t place = take_place();
    if (place == FreePlaces::none) return {Status::full, {}};

    Session& session = table_.sessions_[place];
    const uint64_t generation =
        Session::generation_of(session.commit.load(std::memory_order_relaxed)) + 1;
    session.commit.store(Session::commit_word(generation, Condition::making),
                         std::memory_order_release);
    fill(session, made, now);

    const Flow outbound(place, Direction::outbound);
    if (const auto [linked, flow] = index.link(outbound, made.outbound, hashes.outbound);
        linked != Index::Linked::ok) {
        // No reader can have seen it.
        session.commit.store(Session::commit_word(generation, Condition::free),
                             std::memory_order_release);
        table_.free_.give(place);
        return {status_of(linked, Status::exists), flow};
    }
    const Flow inbound(place, Direction::inbound);
    if (const auto [linked, flow] = index.link(inbound, made.inbound, hashes.inbound);
        linked != Index::Linked::ok) {
        end(place, generation, now);
        return {status_of(linked, Status::taken), flow};
    }
    table_.look_at_[place].store(look_time(now + timeouts_->of(made.state)),
                                 std::memory_order_relaxed);
    session.commit.store(Session::commit_word(generation, Condition::live),
                         std::memory_order_release);
    return {Status::ok, outbound};
}

// For whoever took the session to `ending`, or had it in `making`.
void Writer::end(uint32_t place, uint64_t generation, uint32_t now) noexcept {
    Session& session = table_.sessions_[place];
    session.commit.store(Session::commit_word(generation, Condition::ending),
                         std::memory_order_release);
    table_.look_at_[place].store(0, std::memory_order_relaxed);
    Index& index = table_.index_;
    const uint64_t out_hash = index.hash(session.key(Direction::outbound));
    const uint64_t in_hash = index.hash(session.key(Direction::inbound));
    index.prefetch(out_hash);
    index.prefetch(in_hash);
    if (index.unlink(Flow(place, Direction::outbound), out_hash) &&
        index.unlink(Flow(place, Direction::inbound), in_hash)) {
        retired_->add(place);
        return;
    }
    session.commit.store(Session::commit_word(generation, Condition::unfinished),
                         std::memory_order_release);
    table_.look_at_[place].store(look_time(now), std::memory_order_release);
}

Status Writer::remove(uint32_t place, uint32_t now) noexcept {
    Session& session = table_.sessions_[place];
    uint64_t commit = session.commit.load(std::memory_order_acquire);
    if (Session::condition_of(commit) != Condition::live) return Status::gone;
    if (!can_retire()) return Status::busy;
    const uint64_t generation = Session::generation_of(commit);
    if (!session.commit.compare_exchange_strong(
            commit, Session::commit_word(generation, Condition::ending))) {
        return Status::gone;
    }
    end(place, generation, now);
    return Status::ok;
}

bool Writer::change_state(uint32_t place, uint32_t before, uint32_t after, uint32_t now) noexcept {
    Session& session = table_.sessions_[place];
    if (!session.state.compare_exchange_strong(before, after)) return false;
    // Only a shorter timeout needs an earlier look; a longer one is found at the next.
    if (timeouts_->of(after) < timeouts_->of(before) && session.is_live()) {
        table_.look_at_[place].store(look_time(now + timeouts_->of(after)),
                                     std::memory_order_relaxed);
    }
    return true;
}

unsigned Writer::expire(uint32_t now, std::span<uint32_t> ended) noexcept {
    give_back_ahead();
    give_back_some();
    go_on_count_ = 0;
    if (sweep_at_ >= share_end_) {
        if (now == sweep_tick_) return 0;
        begin_sweep(now);
    }
    const size_t room =
        std::min({size_t{visits_a_call}, ended.size(), size_t{most_retired - retired_->size}});
    uint32_t due[visits_a_call];
    const unsigned found = find_due(now, static_cast<unsigned>(room), due);
    for (unsigned i = 0; i < found; ++i) __builtin_prefetch(&table_.sessions_[due[i]], 1);
    unsigned count = 0;
    for (unsigned i = 0; i < found; ++i) {
        if (visit(due[i], now)) ended[count++] = due[i];
    }
    return count;
}

void Writer::begin_sweep(uint32_t now) noexcept {
    constexpr uint32_t far = 1u << 30;
    sweep_tick_ = now;
    sweep_at_ = share_begin_;
    sweep_ahead_ = look_again_ ? far : 0;
    look_again_ = false;
}

unsigned Writer::find_due(uint32_t now, unsigned room, uint32_t* due) noexcept {
    unsigned found = 0;
    for (unsigned looked = 0; looked < looks_a_call && sweep_at_ < share_end_ && found < room;
         looked += 64) {
        const uint32_t group = sweep_at_ & ~63u;
        uint64_t left = due_of_64(&table_.look_at_[group], now + sweep_ahead_) &
                        (~uint64_t{0} << (sweep_at_ & 63));
        for (; left != 0 && found < room; left &= left - 1) {
            due[found++] = group + static_cast<uint32_t>(std::countr_zero(left));
        }
        sweep_at_ = group + (left == 0 ? 64 : static_cast<uint32_t>(std::countr_zero(left)));
    }
    return found;
}

// True if the session ended just now. Its place can not be another session's before this call
// returns, for this worker has passed no quiescent state; so the compare-and-swaps are safe.
bool Writer::visit(uint32_t place, uint32_t now) noexcept {
    Session& session = table_.sessions_[place];
    LookAt& look_at = table_.look_at_[place];
    uint32_t look = look_at.load(std::memory_order_acquire);
    uint64_t commit = session.commit.load(std::memory_order_acquire);
    const Condition condition = Session::condition_of(commit);
    if (condition != Condition::live && condition != Condition::unfinished) return false;

    if (condition == Condition::live) {
        const uint32_t seen = session.last_seen.load(std::memory_order_relaxed);
        const uint32_t state = session.state.load(std::memory_order_acquire);
        const uint32_t deadline = seen + timeouts_->of(state);
        if (!has_come(deadline, now)) {
            look_at.compare_exchange_strong(look, look_time(deadline));
            return false;
        }
        if (timeouts_->after(state) != 0) {
            let_go_on(place, state, deadline, now);
            return false;
        }
    }
    const uint64_t generation = Session::generation_of(commit);
    if (!session.commit.compare_exchange_strong(
            commit, Session::commit_word(generation, Condition::ending))) {
        return false;
    }
    end(place, generation, now);
    return condition == Condition::live;
}

// Its time in the other class begins where it ended in this one, so that no time is lost between
// two looks; unless that would be over too.
void Writer::let_go_on(uint32_t place, uint32_t state, uint32_t deadline, uint32_t now) noexcept {
    Session& session = table_.sessions_[place];
    const uint32_t other = (state & ~0xffu) | timeouts_->after(state);
    const uint32_t time = timeouts_->of(other);
    if (!session.state.compare_exchange_strong(state, other)) return;
    const uint32_t begins = has_come(deadline + time, now) ? now : deadline;
    session.last_seen.store(begins, std::memory_order_relaxed);
    table_.look_at_[place].store(look_time(begins + time), std::memory_order_relaxed);
    go_on_[go_on_count_++] = place;
}

bool Writer::begin_grace_period() noexcept {
    if (retired_->size == 0 || awaiting_->size != 0) return false;
    std::swap(retired_, awaiting_);
    readers_passed_ = false;
    return true;
}

void Writer::give_back_some() noexcept {
    if (!readers_passed_) return;
    for (unsigned i = 0; i < given_a_call && awaiting_->size != 0; ++i) {
        const uint32_t place = awaiting_->at[--awaiting_->size];
        std::atomic<uint64_t>& commit = table_.sessions_[place].commit;
        const uint64_t generation = Session::generation_of(commit.load(std::memory_order_relaxed));
        commit.store(Session::commit_word(generation, Condition::free), std::memory_order_release);
        table_.free_.give(place);
    }
}

}  // namespace sluice::flow
