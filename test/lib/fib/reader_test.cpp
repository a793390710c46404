// SPDX-License-Identifier: BSD-3-Clause
#include "lib/fib/reader.h"

#include <cstring>
#include <numeric>
#include <random>

#include "test/lib/fib/fixture.h"

namespace sluice::fib {
namespace {

void fill_with_random_bytes(Table& table) {
    std::mt19937_64 random(7);
    auto* words = reinterpret_cast<std::uint64_t*>(&table);
    std::generate_n(words, sizeof(Table) / sizeof(*words), std::ref(random));
}

TEST(Reader, FindsNothingInZeroedMemory) {
    GuardedTable table;
    const std::vector<std::uint32_t> addresses = {0, 1, address(10, 0, 0, 1), 0xffffffff};
    expect_answers(*table, addresses, std::vector<NextHopId>(4, no_route));
}

TEST(Reader, TakesAddressesInHostOrder) {
    GuardedTable table;
    table->tbl24[0x0a0102] = 5;  // 10.1.2.0/24
    EXPECT_EQ(find(*table, 0x0a010203), 5);
    EXPECT_EQ(find(*table, 0x0302010a), no_route);
}

TEST(Reader, FollowsAnExtendedEntryIntoItsGroup) {
    GuardedTable table;
    table->tbl24[0x0a0102] = extended_bit | 7;
    for (unsigned i = 0; i < group_entries; ++i)
        table->tbl8[7 * group_entries + i] = static_cast<Entry>(1000 + i);
    std::vector<std::uint32_t> addresses(group_entries);
    std::iota(addresses.begin(), addresses.end(), 0x0a010200u);
    std::vector<NextHopId> expected(group_entries);
    std::iota(expected.begin(), expected.end(), NextHopId{1000});
    expect_answers(*table, addresses, expected);
}

TEST(Reader, EveryMethodGivesTheSameAnswersWhateverTheTableHolds) {
    GuardedTable table;
    fill_with_random_bytes(*table);
    std::mt19937 random(1);
    std::vector<std::uint32_t> addresses(1 << 16);
    for (std::uint32_t& address : addresses) address = static_cast<std::uint32_t>(random());
    std::vector<NextHopId> expected(addresses.size());
    for (std::size_t i = 0; i < addresses.size(); ++i) expected[i] = find(*table, addresses[i]);
    expect_answers(*table, addresses, expected);
    EXPECT_LE(std::ranges::max(expected), max_next_hop);
}

TEST(Reader, StaysInsideATableOfTheWorstValues) {
    GuardedTable table;
    std::memset(&*table, 0xff, sizeof(Table));
    std::vector<std::uint32_t> addresses = {0,   1,          2,          254,        255,       256,
                                            511, 0xfffffe00, 0xffffff00, 0xfffffffe, 0xffffffff};
    addresses.resize(67, 0xffffffff);
    expect_answers(*table, addresses, std::vector<NextHopId>(addresses.size(), max_next_hop));
}

TEST(Reader, LooksUpBurstsOfAnyLengthAndWritesNoFurther) {
    GuardedTable table;
    fill_with_random_bytes(*table);
    std::mt19937 random(2);
    for (unsigned n = 0; n <= 200; ++n) {
        // As long as the burst, on the heap, so that AddressSanitizer sees a step too far.
        std::vector<std::uint32_t> addresses(n);
        for (std::uint32_t& address : addresses) address = static_cast<std::uint32_t>(random());
        std::vector<NextHopId> expected(n);
        for (unsigned i = 0; i < n; ++i) expected[i] = find(*table, addresses[i]);
        for (const Method method : all_methods) {
            if (!available(method)) continue;
            std::vector<NextHopId> found(n + 32, NextHopId{0xbeef});
            find_bulk_by(method)(*table, addresses.data(), found.data(), n);
            EXPECT_TRUE(std::equal(expected.begin(), expected.end(), found.begin()))
                << name(method) << n;
            EXPECT_EQ(std::count(found.begin() + n, found.end(), 0xbeef), 32) << name(method) << n;
        }
    }
}

TEST(Reader, PicksAMethodThatThisProcessorHas) {
    EXPECT_TRUE(available(best_method()));
    EXPECT_TRUE(available(Method::scalar));
    EXPECT_EQ(find_bulk_chosen, find_bulk_by(best_method()));
}

}  // namespace
}  // namespace sluice::fib
