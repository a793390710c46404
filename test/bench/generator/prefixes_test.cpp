// SPDX-License-Identifier: BSD-3-Clause
#include "bench/generator/prefixes.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <map>

#include <gtest/gtest.h>

namespace sluice::generator {
namespace {

class PrefixFile : public testing::Test {
  protected:
    std::string write(const char* text) {
        std::ofstream(path_) << text;
        return path_;
    }
    ~PrefixFile() override { std::remove(path_.c_str()); }
    std::string path_ = testing::TempDir() + "prefixes-" + std::to_string(::getpid());
};

Prefixes prefixes(std::initializer_list<const char*> texts) {
    Prefixes all;
    for (const char* text : texts) all.push_back(*net::parse_prefix(text));
    return all;
}

TEST_F(PrefixFile, HasAPrefixALineAndWhateverBehindIt) {
    EXPECT_EQ(read_prefixes(write("# a table\n\n1.0.0.0/24 13335\n  10.0.0.0/8\n")),
              prefixes({"1.0.0.0/24", "10.0.0.0/8"}));
}

TEST_F(PrefixFile, IsNamedWithTheLineThatIsWrong) {
    try {
        read_prefixes(write("1.0.0.0/24\n1.0.0.1/24\n"));
        FAIL();
    } catch (const std::runtime_error& why) {
        EXPECT_EQ(why.what(), path_ + ":2: \"1.0.0.1/24\" is no prefix, such as 10.0.0.0/8");
    }
    EXPECT_THROW(read_prefixes(write("")), std::runtime_error);
    EXPECT_THROW(read_prefixes("/nowhere"), std::runtime_error);
}

TEST_F(PrefixFile, MayBeTheRealTable) {
    EXPECT_EQ(read_prefixes(SLUICE_FULL_TABLE).size(), 564'580u);
}

// How often each prefix has an address of 100,000; the most specific one that has it.
std::map<std::string, double> shares(const Prefixes& from, Draw how) {
    std::map<std::string, double> found;
    for (const net::Ipv4Address a : draw_addresses(from, how, 100'000, 1)) {
        const net::Ipv4Prefix* best = nullptr;
        for (const net::Ipv4Prefix& p : from) {
            if (p.contains(a) && (best == nullptr || p.length > best->length)) best = &p;
        }
        found[best == nullptr ? "none" : net::to_string(*best)] += 1 / 100'000.0;
    }
    return found;
}

TEST(DrawAddresses, UniformlyDrawsEachAddressAlikeAlsoWherePrefixesNest) {
    auto found = shares(prefixes({"10.0.0.0/8", "10.1.0.0/16", "20.0.0.0/8"}), Draw::uniform);
    EXPECT_NEAR(found["20.0.0.0/8"], 0.5, 0.01);
    EXPECT_NEAR(found["10.1.0.0/16"], 0.5 / 256, 0.001);
}

TEST(DrawAddresses, InRouteDrawsEachPrefixAlike) {
    auto found = shares(prefixes({"10.0.0.0/8", "20.0.0.0/24", "30.0.0.1/32"}), Draw::in_route);
    for (const auto& [prefix, share] : found) EXPECT_NEAR(share, 1 / 3.0, 0.01) << prefix;
}

TEST(DrawAddresses, ZipfDrawsTheSecondHalfAsOftenAsTheFirst) {
    auto found = shares(prefixes({"10.0.0.0/8", "20.0.0.0/8", "30.0.0.0/8"}), Draw::zipf);
    std::vector<double> sorted;
    for (const auto& [prefix, share] : found) sorted.push_back(share);
    std::ranges::sort(sorted, std::greater<>());
    ASSERT_EQ(sorted.size(), 3u);
    EXPECT_NEAR(sorted[1] / sorted[0], 1 / 2.0, 0.02);
    EXPECT_NEAR(sorted[2] / sorted[0], 1 / 3.0, 0.02);
}

TEST(DrawAddresses, OfTheWholeInternetStayInIt) {
    const Prefixes all = prefixes({"0.0.0.0/0"});
    for (const Draw how : {Draw::uniform, Draw::in_route, Draw::zipf}) {
        const auto drawn = draw_addresses(all, how, 1000, 1);
        EXPECT_GT(std::ranges::max(drawn).value, 0xf0000000u);
        EXPECT_LT(std::ranges::min(drawn).value, 0x10000000u);
    }
}

TEST(DrawAddresses, DrawsTheSameForTheSameSeed) {
    const Prefixes all = prefixes({"10.0.0.0/8", "20.0.0.0/8"});
    EXPECT_EQ(draw_addresses(all, Draw::zipf, 100, 3), draw_addresses(all, Draw::zipf, 100, 3));
    EXPECT_NE(draw_addresses(all, Draw::zipf, 100, 3), draw_addresses(all, Draw::zipf, 100, 4));
}

}  // namespace
}  // namespace sluice::generator
