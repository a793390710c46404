// SPDX-License-Identifier: BSD-3-Clause
// Workers that all find, make and end sessions at the same time. Run it under ThreadSanitizer too.
#include <algorithm>
#include <atomic>
#include <optional>
#include <random>
#include <thread>

#include "test/lib/flow/fixture.h"

namespace sluice::flow {
namespace {

constexpr unsigned workers = 3;
constexpr uint32_t lasting = 40;   // sessions that stay, numbered from 0
constexpr uint32_t passing = 100;  // that come and go
constexpr unsigned bursts = 60'000 / test::slowdown;

// What the state memory keeps of each worker.
struct Quiescence {
    std::array<std::atomic<uint64_t>, workers> numbers{};
    std::array<std::atomic<bool>, workers> gone{};

    void pass(unsigned worker) { numbers[worker].fetch_add(1, std::memory_order_seq_cst); }
};

class GracePeriod {
  public:
    explicit GracePeriod(Quiescence& q) : quiescence_(q) {
        for (unsigned w = 0; w < workers; ++w) noted_[w] = q.numbers[w].fetch_add(0);
    }
    bool passed() const {
        for (unsigned w = 0; w < workers; ++w) {
            if (quiescence_.numbers[w].load() == noted_[w] && !quiescence_.gone[w]) return false;
        }
        return true;
    }

  private:
    Quiescence& quiescence_;
    std::array<uint64_t, workers> noted_;
};

struct Counts {
    std::atomic<uint64_t> wrong = 0;
    std::atomic<uint64_t> missed = 0;
    std::atomic<uint64_t> made = 0;
    std::atomic<uint64_t> ended = 0;
};

class Worker {
  public:
    Worker(Table& table, unsigned worker, Quiescence& quiescence, Counts& counts)
        : table_(table),
          number_(worker),
          writer_(table, worker, workers, short_timeouts),
          quiescence_(quiescence),
          counts_(counts),
          random_(worker) {}

    void run() {
        for (unsigned i = 0; i < bursts; ++i) {
            look_up_a_burst();
            change(1 + i / 100);
            keep_house(1 + i / 100);
            quiescence_.pass(number_);
            if (i % 16 == number_) std::this_thread::yield();
        }
        quiescence_.gone[number_] = true;
    }

  private:
    void look_up_a_burst() {
        constexpr unsigned n = 32;
        FlowKey keys[n];
        uint32_t numbers[n];
        uint64_t hashes[n];
        Flow found[n];
        for (unsigned i = 0; i < n; ++i) {
            numbers[i] = static_cast<uint32_t>(random_() % (lasting + passing));
            keys[i] = numbers_key(numbers[i], random_() % 2);
        }
        table_.index().prepare(keys, hashes, n);
        table_.index().find_bulk(keys, hashes, found, n);
        for (unsigned i = 0; i < n; ++i) {
            if (!found[i].exists()) {
                counts_.missed += numbers[i] < lasting;
                continue;
            }
            Session& session = table_.session(found[i].place());
            counts_.wrong += session.facts.mapping != numbers[i];
            counts_.wrong += session.key(found[i].direction()) != keys[i];
            session.touch(now_);
        }
    }
    static FlowKey numbers_key(uint32_t n, bool inbound) {
        const NewSession session = numbered(n);
        return inbound ? session.inbound : session.outbound;
    }
    void change(uint32_t now) {
        now_ = now;
        const auto n = static_cast<uint32_t>(lasting + random_() % passing);
        const Flow flow = table_.index().find(numbered(n).outbound);
        if (!flow.exists()) {
            counts_.made += writer_.insert(numbered(n, 3), now).status == Status::ok;
        } else if (random_() % 2 == 0) {
            counts_.ended += writer_.remove(flow.place(), now) == Status::ok;
        } else {
            writer_.change_state(flow.place(), 3, 3, now);
        }
    }
    void keep_house(uint32_t now) {
        uint32_t ended[4];
        const unsigned n = writer_.expire(now, ended);
        counts_.ended += n;
        for (unsigned i = 0; i < n; ++i) {
            counts_.wrong += table_.session(ended[i]).facts.mapping < lasting;
        }
        if (writer_.begin_grace_period()) period_.emplace(quiescence_);
        if (period_ && period_->passed()) {
            period_.reset();
            writer_.end_grace_period();
        }
    }

    Table& table_;
    unsigned number_;
    Writer writer_;
    Quiescence& quiescence_;
    Counts& counts_;
    std::mt19937 random_;
    uint32_t now_ = 1;
    std::optional<GracePeriod> period_;
};

// As another process does, which no one waits for. Returns how many copies it got.
uint64_t watch(std::span<const Session> sessions, const Quiescence& quiescence, Counts& counts) {
    uint64_t copies = 0;
    const auto still_works = [](const std::atomic<bool>& gone) { return !gone; };
    while (std::ranges::any_of(quiescence.gone, still_works)) {
        for (const Session& session : sessions) {
            SessionCopy copy;
            if (!copy_live(copy, session)) continue;
            const NewSession whole = numbered(copy.facts.mapping);
            counts.wrong += copy.facts.keys[0] != whole.outbound;
            counts.wrong += copy.facts.keys[1] != whole.inbound;
            ++copies;
        }
        std::this_thread::yield();
    }
    return copies;
}

TEST(Workers, NeverFindAWrongSessionNorMissOneThatLives) {
    // Few sessions, so that they meet; more of them than places at times.
    constexpr uint32_t n = lasting + passing - 20;
    Memory memory(Table::bytes_for(n));
    Table table(memory.bytes(), n);
    table.adopt(1);
    // The lasting ones never expire.
    Timeouts for_ever = short_timeouts;
    for_ever.ticks[15] = 1 << 29;
    {
        Writer writer(table, 0, 1, for_ever);
        for (uint32_t i = 0; i < lasting; ++i) {
            ASSERT_EQ(writer.insert(numbered(i, 2), 1).status, Status::ok);
        }
    }
    Quiescence quiescence;
    Counts counts;
    std::vector<std::unique_ptr<Worker>> all;
    for (unsigned w = 0; w < workers; ++w) {
        all.push_back(std::make_unique<Worker>(table, w, quiescence, counts));
    }
    std::vector<std::thread> threads;
    for (auto& worker : all) threads.emplace_back([&] { worker->run(); });
    const uint64_t watched = watch(Table::sessions_in(memory.bytes()), quiescence, counts);
    for (auto& thread : threads) thread.join();

    EXPECT_GT(watched, 0u);
    EXPECT_EQ(counts.wrong, 0u);
    EXPECT_EQ(counts.missed, 0u);
    // Far more when each has a processor: who has none holds up the places that others wait for.
    EXPECT_GT(counts.made, bursts / 100);
    uint32_t live = 0;
    for (const Session& session : table.sessions()) live += session.is_live();
    EXPECT_EQ(counts.made - counts.ended, live - lasting) << "each session ends exactly once";
    Table next(memory.bytes(), n);
    EXPECT_EQ(next.adopt(1).kept, live);
    EXPECT_EQ(what_is_wrong_with(next), "");
}

// An index so dense that keys move all the time.
TEST(Readers, FindAKeyThatIsJustBeingMoved) {
    constexpr uint32_t buckets_count = 8;
    constexpr uint32_t n = 110;  // for 80 slots
    std::vector<Bucket> buckets(buckets_count);
    std::vector<Session> sessions(n);
    Index index(buckets, SessionKeys{sessions}, random_secret());
    for (uint32_t i = 0; i < n; ++i) {
        sessions[i].facts.keys[0] = numbered(i).outbound;
        sessions[i].commit = Session::commit_word(1, Condition::live);
    }
    uint32_t lasting_keys = 0;
    const auto link = [&](uint32_t i) {
        return index.link(Flow(i, Direction::outbound)).linked == Index::Linked::ok;
    };
    while (lasting_keys < 60 && link(lasting_keys)) ++lasting_keys;

    std::atomic<bool> stop = false;
    std::atomic<uint64_t> missed = 0;
    std::atomic<uint64_t> looked = 0;
    std::thread reader([&] {
        std::minstd_rand random;
        while (!stop) {
            const auto i = static_cast<uint32_t>(random() % lasting_keys);
            missed += index.find(sessions[i].facts.keys[0]) != Flow(i, Direction::outbound);
            looked.fetch_add(1, std::memory_order_relaxed);
        }
    });
    std::mt19937 random(8);
    // Which of the lasting keys are in their first bucket.
    const auto at_home = [&] {
        std::vector<bool> home(lasting_keys);
        for (uint32_t i = 0; i < lasting_keys; ++i) {
            const Bucket& first = index.first(index.hash(sessions[i].facts.keys[0]));
            for (unsigned s = 0; s < Bucket::slots; ++s) {
                const bool here = first.value(s) == Flow(i, Direction::outbound).bits();
                if (first.tags[s] != 0 && here) home[i] = true;
            }
        }
        return home;
    };
    std::vector<bool> in(n);
    unsigned moves = 0;
    std::vector<bool> last = at_home();
    for (unsigned i = 0; i < 300'000 / test::slowdown; ++i) {
        const auto other = static_cast<uint32_t>(lasting_keys + random() % (n - lasting_keys));
        in[other] = in[other] ? !index.unlink(Flow(other, Direction::outbound)) : link(other);
        if (i % 64 != 0) continue;
        std::vector<bool> home = at_home();
        moves += home != last;
        last = std::move(home);
    }
    test::wait_until([&] { return looked > 1000; });
    stop = true;
    reader.join();
    EXPECT_EQ(missed, 0u);
    EXPECT_GT(moves, 10u);
}

}  // namespace
}  // namespace sluice::flow
