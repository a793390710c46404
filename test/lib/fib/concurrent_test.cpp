// SPDX-License-Identifier: BSD-3-Clause
// One writer and readers at the same time. Run it under ThreadSanitizer as well.
#include <atomic>
#include <random>
#include <thread>

#include "lib/fib/writer.h"
#include "test/lib/fib/fixture.h"

namespace sluice::fib {
namespace {

// Addresses of 10.0.0.0/20 are looked up. The next hop of a route of /24 or longer tells which
// /24 it is for, so that an answer out of a group that was given away shows.
constexpr std::uint32_t first_slot = address(10, 0, 0, 0);
constexpr std::uint32_t test_networks = 16;
constexpr NextHopId cover_hop = 1;
constexpr NextHopId of_network = 100;

NextHopId next_hop_of(net::Ipv4Prefix prefix) {
    if (prefix.length < 24) return cover_hop;
    return static_cast<NextHopId>(of_network + (prefix.address.value >> 8) % test_networks);
}

bool is_possible(std::uint32_t address, NextHopId answer) {
    return answer == cover_hop || answer == next_hop_of(prefix(address, 24));
}

class Reader {
  public:
    Reader(const Table& table, FindBulk find_bulk)
        : table_(table), find_bulk_(find_bulk), thread_([this] { run(); }) {}
    ~Reader() {
        stop_ = true;
        thread_.join();
    }

    std::uint64_t bursts() const { return bursts_.load(std::memory_order_acquire); }
    std::uint64_t wrong() const { return wrong_; }

  private:
    void run() {
        std::minstd_rand random;
        std::array<std::uint32_t, 64> addresses;
        std::array<NextHopId, 64> answers;
        while (!stop_) {
            for (auto& address : addresses)
                address = first_slot + static_cast<std::uint32_t>(random() % (test_networks * 256));
            find_bulk_(table_, addresses.data(), answers.data(), 64);
            for (unsigned i = 0; i < 64; ++i) wrong_ += !is_possible(addresses[i], answers[i]);
            bursts_.fetch_add(1, std::memory_order_release);  // the quiescent state
        }
    }

    const Table& table_;
    FindBulk find_bulk_;
    std::atomic<bool> stop_ = false;
    std::atomic<std::uint64_t> bursts_ = 0;
    std::atomic<std::uint64_t> wrong_ = 0;
    std::thread thread_;
};

bool wait_for(Reader& reader) {
    const std::uint64_t before = reader.bursts();
    while (reader.bursts() == before) std::this_thread::yield();
    return true;
}

class WhileReading : public testing::TestWithParam<Method> {};

TEST_P(WhileReading, AnAddressWithACoveringRouteNeverReadsNoRouteNorAnotherNetworksNextHop) {
    if (!available(GetParam())) GTEST_SKIP() << "not on this processor";
    GuardedTable table;
    Reader* reader = nullptr;
    int waits = 0;
    Writer writer(*table, Writer::Found::zeroed, [&] { return ++waits, wait_for(*reader); });
    // All but a few groups are taken, so that the rest is given away again and again.
    std::vector<Change> elsewhere;
    for (std::uint32_t i = 0; i < group_count - test_networks - 4; ++i)
        elsewhere.push_back({prefix(address(100, 0, 0, 0) + (i << 8), 32), 1});
    ASSERT_EQ(writer.apply(elsewhere), Status::ok);
    ASSERT_EQ(writer.set(prefix(10, 0, 0, 0, 8), cover_hop), Status::ok);

    Reader running(*table, find_bulk_by(GetParam()));
    reader = &running;
    std::mt19937 random(5);
    for (int i = 0; i < 60'000; ++i) {
        // Few long prefixes, so that a network often has none left and gives its group back.
        const auto half = static_cast<std::uint32_t>(random() % (test_networks * 2)) * 128;
        const net::Ipv4Prefix where = prefix(first_slot + half, 20 + random() % 6);
        if (writer.remove(where) == Status::no_such_route) {
            ASSERT_EQ(writer.set(where, next_hop_of(where)), Status::ok);
        }
    }
    EXPECT_EQ(running.wrong(), 0u);
    EXPECT_GT(waits, 10);
    EXPECT_GT(running.bursts(), 100u);
}

INSTANTIATE_TEST_SUITE_P(, WhileReading, testing::ValuesIn(all_methods),
                         [](const auto& method) { return name(method.param); });

}  // namespace
}  // namespace sluice::fib
