// SPDX-License-Identifier: BSD-3-Clause
#include "control/routes/route_lines.h"

#include <gtest/gtest.h>

namespace sluice::routes {
namespace {

intent::RouteChange one(std::string_view line, std::span<const net::Ipv4Address> draw = {}) {
    const RouteLines read = read_route_lines(line, draw, Lines::add);
    EXPECT_EQ(read.problem_count, 0u) << (read.problems.empty() ? "" : read.problems[0].message);
    return read.changes.empty() ? intent::RouteChange{} : read.changes.front();
}

std::string problem(std::string_view line) {
    const RouteLines read = read_route_lines(line, {}, Lines::add);
    return read.problems.empty() ? "" : read.problems.front().message;
}

TEST(RouteLines, TakeNextHopsAndAnInterface) {
    const auto change = one("10.8.0.0/16 via 10.0.0.2,10.0.0.3 dev lan");
    EXPECT_EQ(net::to_string(change.prefix), "10.8.0.0/16");
    EXPECT_EQ(change.via, (std::vector{net::addr(10, 0, 0, 2), net::addr(10, 0, 0, 3)}));
    EXPECT_EQ(change.interface, "lan");
}

TEST(RouteLines, TakeAnInterfaceAlone) {
    const auto change = one("10.8.0.0/16 dev lan");
    EXPECT_TRUE(change.via.empty());
    EXPECT_EQ(change.interface, "lan");
}

TEST(RouteLines, TakeRoutesThatDrop) {
    EXPECT_EQ(one("10.0.0.0/8 blackhole").type, config::RouteType::blackhole);
    EXPECT_EQ(one("10.0.0.0/8 unreachable").type, config::RouteType::unreachable);
    EXPECT_EQ(one("10.0.0.0/8 prohibit").type, config::RouteType::prohibit);
}

TEST(RouteLines, DrawANextHopByNumber) {
    const std::vector draw{net::addr(10, 0, 0, 1), net::addr(10, 0, 0, 2), net::addr(10, 0, 0, 3)};
    EXPECT_EQ(one("1.0.0.0/24 13335", draw).via, std::vector{draw[13335 % 3]});
}

TEST(RouteLines, PassOverRemarksAndEmptyLines) {
    const RouteLines read =
        read_route_lines("# a remark\n\n  \r\n1.0.0.0/8 blackhole\r\n", {}, Lines::add);
    ASSERT_EQ(read.changes.size(), 1u);
    EXPECT_EQ(read.lines[0], 4u);
    EXPECT_EQ(read.problem_count, 0u);
}

TEST(RouteLines, NeedOnlyThePrefixToRemove) {
    const RouteLines read = read_route_lines("1.0.0.0/8 77\n2.0.0.0/8", {}, Lines::remove);
    ASSERT_EQ(read.changes.size(), 2u);
    EXPECT_TRUE(read.changes[1].remove);
}

TEST(RouteLines, SayWhatIsWrongWithALine) {
    EXPECT_EQ(problem("10.0.0.1/8 blackhole"),
              "10.0.0.1/8 has bits beyond its length; its network is 10.0.0.0/8");
    EXPECT_EQ(problem("fish via 1.2.3.4"), "\"fish\" is no IPv4 prefix");
    EXPECT_EQ(problem("10.0.0.0/8 via 1.2.3"), "\"1.2.3\" is no IPv4 address");
    EXPECT_EQ(problem("10.0.0.0/8 via"), "\"\" is no IPv4 address");
    EXPECT_EQ(problem("10.0.0.0/8 dev"), "lacks an interface behind \"dev\"");
    EXPECT_EQ(problem("10.0.0.0/8 by 1.2.3.4"),
              "\"by\" should be via, dev, blackhole, unreachable or prohibit");
    EXPECT_EQ(problem("10.0.0.0/8 blackhole dev lan"),
              "a blackhole route drops its packets and has no next hop");
    EXPECT_EQ(problem("10.0.0.0/8 7"),
              "has a number for a way, but no next hops were given (--via)");
    EXPECT_EQ(problem("10.0.0.0/8 99999999999999999999999"),
              "\"99999999999999999999999\" is no number");
    EXPECT_NE(problem("10.0.0.0/8"), "");
}

TEST(RouteLines, KeepTheFirstHundredProblemsAndCountAll) {
    std::string text;
    for (int i = 0; i < 500; ++i) text += "nonsense\n";
    const RouteLines read = read_route_lines(text, {}, Lines::add);
    EXPECT_EQ(read.problems.size(), 100u);
    EXPECT_EQ(read.problem_count, 500u);
}

}  // namespace
}  // namespace sluice::routes
