// SPDX-License-Identifier: BSD-3-Clause
#include "bench/generator/options.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace sluice::generator {
namespace {

struct Parsed {
    std::optional<int> exit_code;
    Options options;
    std::string said;
};

// `more` behind what is always needed.
Parsed parse(const std::vector<std::string>& more) {
    std::vector<std::string> words{
        "sluice-bench",   "--left",          "net_ring0", "--left-address", "10.1.0.2/24",
        "--left-gateway", "10.1.0.1",        "--right",   "net_ring1",      "--right-address",
        "10.2.0.2/24",    "--right-gateway", "10.2.0.1"};
    words.insert(words.end(), more.begin(), more.end());
    std::vector<char*> pointers;
    for (std::string& word : words) pointers.push_back(word.data());
    Parsed parsed;
    testing::internal::CaptureStderr();
    parsed.exit_code =
        parse_options(static_cast<int>(pointers.size()), pointers.data(), parsed.options);
    parsed.said = testing::internal::GetCapturedStderr();
    return parsed;
}

TEST(Options, AreWhatTheModeNeedsWhereNothingIsSaid) {
    const Options rate = parse({"rate"}).options;
    EXPECT_EQ(rate.pps, 0);
    EXPECT_EQ(rate.allowed_loss, 1) << "of all that can be sent, some must be lost";
    EXPECT_EQ(rate.left.hosts, *net::parse_prefix("10.1.0.2/32"));
    EXPECT_EQ(rate.destinations, Prefixes{*net::parse_prefix("10.2.0.2/32")});
    EXPECT_TRUE(rate.to_right && !rate.to_left);
    EXPECT_EQ(parse({"rate", "--pps", "1k"}).options.allowed_loss, 0);
    EXPECT_EQ(parse({"ndr"}).options.allowed_loss, 0);
    EXPECT_EQ(parse({"pdr"}).options.allowed_loss, 0.005);
    EXPECT_EQ(parse({"pdr", "--loss", "0"}).options.allowed_loss, 0);
    EXPECT_EQ(parse({"soak", "--pps", "5"}).options.seconds, 0);
}

TEST(Options, TakeRatesInThousandsAndMillions) {
    EXPECT_EQ(parse({"rate", "--pps", "1.5M"}).options.pps, 1.5e6);
    EXPECT_EQ(parse({"rate", "--pps", "500k"}).options.pps, 5e5);
    EXPECT_EQ(parse({"rate", "--pps", "12"}).options.pps, 12);
    EXPECT_EQ(parse({"rate", "--pps", "1m"}).exit_code, 2);
}

TEST(Options, TakeLoadsAsSharesOfTheRate) {
    EXPECT_EQ(parse({"rate", "--loads", "0.1,0.5"}).options.loads, (std::vector{0.1, 0.5}));
    EXPECT_EQ(parse({"rate", "--loads", "10"}).exit_code, 2);
}

TEST(Options, OfAWorkloadAreReadBeforeAndBehindTheMode) {
    const Parsed parsed = parse({"--workload", "gre", "--direction", "both", "--size", "imix",
                                 "rate", "--gre-key", "7", "--right-hosts", "10.9.0.0/16"});
    ASSERT_FALSE(parsed.exit_code) << parsed.said;
    const Options& o = parsed.options;
    EXPECT_EQ(o.workload, Workload::gre);
    EXPECT_TRUE(o.to_right && o.to_left);
    EXPECT_EQ(o.sizes.size(), 12u);
    EXPECT_EQ(o.gre_key, 7u);
    EXPECT_EQ(o.tunnel_own, *net::parse_address("10.2.0.2"));
    EXPECT_EQ(o.tunnel_router, *net::parse_address("10.2.0.1"));
    EXPECT_EQ(o.destinations.front(), *net::parse_prefix("10.9.0.0/16"));
}

TEST(Options, OfTunnelsShareOutTheHostsBehindThem) {
    const Options o = parse({"rate", "--workload", "ipip", "--tunnels", "256", "--tunnel-own",
                             "198.18.0.0", "--right-hosts", "10.8.0.0/13"})
                          .options;
    EXPECT_EQ(o.tunnels, 256u);
    EXPECT_EQ(o.tunnel_hosts, *net::parse_prefix("10.8.0.0/13"));
    EXPECT_EQ(o.tunnel_own, *net::parse_address("198.18.0.0"));
}

TEST(Options, OfAMixSayWhichHostsAreTranslatedAndWhichAreBehindTunnels) {
    const Parsed parsed = parse({"rate", "--workload", "mixed", "--nat-hosts", "10.64.0.0/16",
                                 "--tunnel-hosts", "21.0.0.0/8", "--right-hosts", "20.0.0.0/8"});
    ASSERT_FALSE(parsed.exit_code) << parsed.said;
    EXPECT_EQ(parsed.options.nat_hosts, *net::parse_prefix("10.64.0.0/16"));
    EXPECT_EQ(parsed.options.tunnel_hosts, *net::parse_prefix("21.0.0.0/8"));
    EXPECT_EQ(parsed.options.destinations.front(), *net::parse_prefix("20.0.0.0/8"));
}

TEST(Options, SayWhatIsWrongAndEndWithTwo) {
    const struct {
        std::vector<std::string> words;
        const char* said;
    } cases[] = {
        {{"rate", "--size", "12"}, "\"12\" is no frame size"},
        {{"rate", "--left-hosts", "10.0.0.1/8"}, "10.0.0.1/8"},
        {{"rate", "--prefixes", "/nowhere"}, "/nowhere: cannot be opened"},
        {{"rate", "--draw", "evenly"}, "--draw"},
        {{"rate", "--workload", "nat", "--direction", "left"}, "--direction both"},
        {{"rate", "--pcap", "file", "--direction", "both"}, "--pcap goes to the right"},
        {{"rate", "--workload", "gre", "--tunnels", "3"}, "--tunnels: 1, 2, 4"},
        {{"rate", "--workload", "gre", "--tunnels", "2"}, "--tunnels: fewer hosts than tunnels"},
        {{"rate", "--workload", "mixed"}, "needs --nat-hosts and --tunnel-hosts"},
        {{"rate", "--workload", "mixed", "--nat-hosts", "10.1.0.0/16", "--tunnel-hosts",
          "10.9.0.0/16"},
         "--nat-hosts: apart from --left-hosts"},
        {{"soak"}, "--pps"},
        {{}, "subcommand"},
    };
    for (const auto& each : cases) {
        const Parsed parsed = parse(each.words);
        EXPECT_EQ(parsed.exit_code, 2) << each.said;
        EXPECT_NE(parsed.said.find(each.said), std::string::npos) << parsed.said;
    }
}

}  // namespace
}  // namespace sluice::generator
