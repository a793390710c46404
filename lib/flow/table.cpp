// SPDX-License-Identifier: BSD-3-Clause
#include "lib/flow/table.h"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace sluice::flow {
namespace {

constexpr size_t round_up(size_t n, size_t to) noexcept { return (n + to - 1) / to * to; }

constexpr size_t buckets_for(uint32_t sessions) noexcept {
    constexpr size_t fewest = 4;  // or few keys would have too few buckets to choose from
    return std::max(fewest, (2 * size_t{sessions} + keys_per_bucket - 1) / keys_per_bucket);
}

template <typename T>
std::span<T> part(std::span<std::byte> memory, size_t offset, size_t count) noexcept {
    return {reinterpret_cast<T*>(memory.data() + offset), count};
}

}  // namespace

// Offsets into the memory.
struct Table::Parts {
    explicit Parts(uint32_t sessions) noexcept
        : buckets(buckets_for(sessions)),
          looks(round_up(sessions, 64)),
          words(FreePlaces::words_for(sessions)),
          index_at(sizeof(TableHeader) + sessions * sizeof(Session)),
          looks_at(index_at + buckets * sizeof(Bucket)),
          words_at(looks_at + looks * sizeof(LookAt)),
          end(round_up(words_at + words * sizeof(uint64_t), 64)) {}

    size_t buckets;
    size_t looks;
    size_t words;
    size_t index_at;
    size_t looks_at;
    size_t words_at;
    size_t end;
};

size_t Table::bytes_for(uint32_t sessions) noexcept { return Parts(sessions).end; }

// Before anything is made of them.
TableHeader& Table::checked_header(std::span<std::byte> memory, uint32_t sessions) {
    if (sessions == 0 || sessions > most_sessions || memory.size() < bytes_for(sessions)) {
        throw std::invalid_argument("a session table of " + std::to_string(sessions) +
                                    " sessions does not fit its memory");
    }
    auto& header = *reinterpret_cast<TableHeader*>(memory.data());
    const uint32_t found = header.capacity.load(std::memory_order_acquire);
    if (found != 0 && found != sessions) {
        throw std::invalid_argument("the session table is for " + std::to_string(found) +
                                    " sessions, not for " + std::to_string(sessions));
    }
    return header;
}

Table::Table(std::span<std::byte> memory, uint32_t sessions)
    : header_(checked_header(memory, sessions)),
      sessions_(part<Session>(memory, sizeof(TableHeader), sessions)),
      look_at_(part<LookAt>(memory, Parts(sessions).looks_at, Parts(sessions).looks)),
      index_(part<Bucket>(memory, Parts(sessions).index_at, Parts(sessions).buckets),
             SessionKeys{sessions_}, random_secret()),
      free_(part<std::atomic<uint64_t>>(memory, Parts(sessions).words_at, Parts(sessions).words),
            sessions) {}

// What a worker of ours can have committed.
bool Table::is_whole(const Session& session) const noexcept {
    const auto reserved_is_zero = [](const FlowKey& key) {
        return key.reserved[0] == 0 && key.reserved[1] == 0;
    };
    return std::ranges::all_of(session.facts.keys, reserved_is_zero) &&
           session.facts.keys[0] != session.facts.keys[1];
}

bool Table::link_both(uint32_t place) noexcept {
    const Flow out(place, Direction::outbound);
    if (index_.link(out).linked != Index::Linked::ok) return false;
    if (index_.link(Flow(place, Direction::inbound)).linked == Index::Linked::ok) return true;
    index_.unlink(out);
    return false;
}

Table::Adopted Table::adopt(uint32_t now) noexcept {
    constexpr uint32_t ahead = 16;  // sessions whose buckets are fetched before they are linked
    Adopted adopted;
    header_.capacity.store(capacity(), std::memory_order_release);
    index_.clear();
    free_.take_all();
    for (LookAt& look : look_at_) look.store(0, std::memory_order_relaxed);

    const uint32_t at_once = std::max(now, 1u);
    for (uint32_t place = 0; place < capacity(); ++place) {
        if (place + ahead < capacity()) {
            const Session& later = sessions_[place + ahead];
            if (later.is_live()) {
                for (const FlowKey& key : later.facts.keys) index_.prefetch(index_.hash(key));
            }
        }
        Session& session = sessions_[place];
        const uint64_t commit = session.commit.load(std::memory_order_acquire);
        const Condition condition = Session::condition_of(commit);
        if (condition == Condition::live && is_whole(session) && link_both(place)) {
            look_at_[place].store(at_once, std::memory_order_relaxed);
            ++adopted.kept;
            continue;
        }
        adopted.half_made += condition == Condition::making;
        adopted.half_removed +=
            condition == Condition::ending || condition == Condition::unfinished;
        adopted.refused += condition == Condition::live || condition > Condition::unfinished;
        session.commit.store(Session::commit_word(Session::generation_of(commit), Condition::free),
                             std::memory_order_release);
        free_.give(place);
    }
    return adopted;
}

std::span<const Session> Table::sessions_in(std::span<const std::byte> memory) noexcept {
    if (memory.size() < sizeof(TableHeader)) return {};
    const auto& header = *reinterpret_cast<const TableHeader*>(memory.data());
    const size_t room = (memory.size() - sizeof(TableHeader)) / sizeof(Session);
    const size_t capacity = header.capacity.load(std::memory_order_acquire);
    return {reinterpret_cast<const Session*>(memory.data() + sizeof(TableHeader)),
            std::min(capacity, room)};
}

}  // namespace sluice::flow
