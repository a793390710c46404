// SPDX-License-Identifier: BSD-3-Clause
// What the NAT tells its log, and what it makes up for that a dataplane had no time to tell.
#include "dataplane/nat/log.h"
#include "dataplane/nat/session_state.h"
#include "test/path/nat_network.h"

namespace sluice::test {
namespace {

using layout::NatLogKind;

constexpr const char* kept = R"(, "nat_log": {"file": "/nowhere/nat.jsonl"})";

std::string endpoint(uint32_t address, uint16_t port) {
    return net::to_string(net::Ipv4Address{address}) + ":" + std::to_string(port);
}
std::string_view word_for(NatLogKind kind) {
    constexpr std::string_view words[] = {"none",          "created",      "ended",
                                          "allocated",     "released",     "ports out",
                                          "addresses out", "sessions out", "limit"};
    return words[static_cast<size_t>(kind)];
}
// "created 17 10.0.0.9:5000 203.0.113.2:6000 192.0.2.1:53"
std::string text_of(const layout::NatLogRecord& r) {
    std::string text(word_for(r.kind));
    text += " " + std::to_string(r.protocol) + " " + endpoint(r.at.internal, r.at.internal_port) +
            " " + endpoint(r.at.external, r.at.external_port) + " " +
            endpoint(r.at.remote, r.at.remote_port);
    if (r.kind == NatLogKind::subscriber_limit) {
        const bool of_ports = r.limit_of == layout::NatLogLimit::ports;
        text += " of " + std::to_string(r.limit) + (of_ports ? " ports" : " sessions");
    }
    const bool is_twice = r.at.remote != r.at.remote_inside;
    return is_twice ? text + " known as " + endpoint(r.at.remote_inside, r.at.remote_inside_port)
                    : text;
}

constexpr const char* blocks_of_16 =
    R"(, "ports": "6000-6015", "port_choice": "blocks", "block_size": 16)";

class NatLog : public NatBothWays {
  protected:
    std::unique_ptr<Network> logging(const std::string& rules, const std::string& rest = kept) {
        auto net = with_rules(rules, rest);
        if (net->router.nat() != nullptr) net->router.nat()->log_to(&ring());
        return net;
    }
    layout::NatLogRing& ring() { return rings_[0]; }
    nat::LogRings rings() { return {rings_.get(), 1}; }
    // Since the last time.
    std::vector<std::string> told() {
        std::vector<std::string> texts;
        for (layout::NatLogRecord r; ring().read(next_, r); ++next_) texts.push_back(text_of(r));
        return texts;
    }

  private:
    std::unique_ptr<layout::NatLogRing[]> rings_ = std::make_unique<layout::NatLogRing[]>(1);
    uint64_t next_ = 0;
};
TEST_BOTH_WAYS(NatLog);

using Texts = std::vector<std::string>;
const std::string udp_flow = " 17 10.0.0.9:5000 203.0.113.2:6000 192.0.2.1:53";
const std::string block = " 0 10.0.0.9:0 203.0.113.2:6000 0.0.0.0:0";

TEST_P(NatLog, TellsOfEachSessionOnceWhenItIsCreatedAndOnceWhenItEnds) {
    const auto net = logging(source_rule(R"(, "ports": "6000-6000")"));
    for (unsigned i = 0; i < 3; ++i) {
        net->router.receives("lan", ipv4().udp(5000, 53));
        net->router.receives("wan", ipv4().from(remote).to(outside).udp(53, 6000));
    }
    EXPECT_EQ(told(), Texts{"created" + udp_flow});
    let_pass(*net, 302s);
    EXPECT_EQ(told(), Texts{"ended" + udp_flow});
}

TEST_P(NatLog, TellsOfBlocksInsteadOfTheirSessions) {
    const auto net = logging(source_rule(blocks_of_16));
    for (uint16_t port = 5000; port < 5010; ++port) {
        net->router.receives("lan", ipv4().udp(port, 53));
    }
    EXPECT_EQ(told(), Texts{"allocated" + block});
    let_pass(*net, 302s);
    EXPECT_EQ(told(), Texts{}) << "it rests";
    let_pass(*net, 121s);
    EXPECT_EQ(told(), Texts{"released" + block});
}

TEST_P(NatLog, TellsOfAnIcmpQueryByItsIdentifier) {
    const auto net = logging(source_rule(R"(, "ports": "6000-6000")"));
    net->router.receives("lan", echo(8, 77));
    EXPECT_EQ(told(), Texts{"created 1 10.0.0.9:77 203.0.113.2:6000 192.0.2.1:0"});
}

TEST_P(NatLog, TellsBothNamesOfARemoteThatIsTranslatedToo) {
    const auto net = logging(R"({"name": "dns", "type": "forward", "in": "wan", "protocol": "udp",
        "port": 53, "to": "10.0.0.9:5353", "out": "lan", "source": "interface"})");
    const auto sent =
        only(net->router.receives("wan", ipv4().from(remote).to(outside).udp(4000, 53)));
    EXPECT_EQ(told(),
              Texts{at_port("created 17 10.0.0.9:5353 203.0.113.2:53 192.0.2.1:4000 known as "
                            "10.0.0.1",
                            source_port(sent), "")});
}

TEST_P(NatLog, TellsOfTheEndOfASessionWhoseRuleIsGone) {
    const auto net = logging(source_rule(R"(, "ports": "6000-6000")"));
    net->router.receives("lan", ipv4().udp(5000, 53));
    told();
    net->router.apply(config_of({.rest = std::string(R"(, "nat": [{"type": "exempt"}])") + kept}));
    let_pass(*net, 1s);
    EXPECT_EQ(told(), Texts{"ended" + udp_flow});
}

TEST_P(NatLog, TellsOfTheEndOfABlockWhoseRuleIsGone) {
    const std::string other = R"(, "nat": [{"type": "exempt"}])", none = "";
    for (const std::string& rules : {other, none}) {
        const auto net = logging(source_rule(blocks_of_16));
        net->router.receives("lan", ipv4().udp(5000, 53));
        EXPECT_EQ(told(), Texts{"allocated" + block});
        net->router.apply(config_of({.rest = rules + kept}));
        let_pass(*net, 1s);
        let_pass(*net, 500s);
        EXPECT_EQ(told(), Texts{"released" + block});
    }
}

TEST_P(NatLog, TellsOfTheEndOfABlockAtAnAddressThatTheRuleHasNoMore) {
    const auto net = logging(source_rule(blocks_of_16));
    net->router.receives("lan", ipv4().udp(5000, 53));
    told();
    std::string moved =
        config_of({.rest = R"(, "nat": [)" + source_rule(blocks_of_16) + "]" + kept});
    moved.replace(moved.find("203.0.113.2/24"), 14, "203.0.113.3/24");
    net->router.apply(moved);
    let_pass(*net, 1s);
    EXPECT_EQ(told(), Texts{"released" + block});
    net->router.receives("lan", ipv4().udp(5000, 53));
    EXPECT_EQ(told(), Texts{"allocated 0 10.0.0.9:0 203.0.113.3:6000 0.0.0.0:0"});
}

TEST_P(NatLog, TellsOfTheEndOfWhatItWasToldOfThoughItIsSwitchedOff) {
    const auto net = logging(source_rule(R"(, "ports": "6000-6000")"));
    net->router.receives("lan", ipv4().udp(5000, 53));
    told();
    net->router.apply(
        config_of({.rest = R"(, "nat": [)" + source_rule(R"(, "ports": "6000-6000")") + "]"}));
    let_pass(*net, 302s);
    EXPECT_EQ(told(), Texts{"ended" + udp_flow});
}

TEST_P(NatLog, TellsNothingThatIsNotAskedFor) {
    const auto none = logging(source_rule(), "");
    const auto limits_alone = logging(
        source_rule(), R"(, "nat_log": {"file": "/nowhere/nat.jsonl", "events": ["limits"]})");
    none->router.receives("lan", ipv4().udp(5000, 53));
    limits_alone->router.receives("lan", ipv4().udp(5000, 53));
    let_pass(*none, 302s);
    let_pass(*limits_alone, 302s);
    EXPECT_EQ(none->router.tally(layout::Tally::nat_sessions_ended), 1);
    EXPECT_EQ(told(), Texts{});
}

TEST_P(NatLog, TellsWhoCouldNotGoWhereForWantOfAPort) {
    const auto net = logging(source_rule(R"(, "ports": "6000-6000")"));
    net->router.receives("lan", ipv4().udp(5000, 53));
    told();
    net->router.receives("lan", ipv4().from(neighbour).udp(5001, 53));
    net->router.receives("lan", ipv4().from(neighbour).udp(5002, 53));  // in the same second
    EXPECT_EQ(told(), Texts{"ports out 17 10.0.0.8:5001 203.0.113.2:0 192.0.2.1:53"});
}

TEST_P(NatLog, TellsWhenThereIsNoAddressLeftForAHost) {
    const auto net = logging(R"({"name": "d", "type": "dynamic", "out": "wan",
        "from": "10.0.0.0/24", "to": "203.0.113.64"})");
    net->router.receives("lan", ipv4().udp(5000, 53));
    told();
    net->router.receives("lan", ipv4().from(neighbour).udp(5000, 53));
    EXPECT_EQ(told(), Texts{"addresses out 17 10.0.0.8:5000 203.0.113.64:0 192.0.2.1:53"});
}

TEST_P(NatLog, TellsWhoIsAtALimit) {
    const auto net = logging(source_rule(R"(, "sessions_per_subscriber": 1)"));
    net->router.receives("lan", ipv4().udp(5000, 53));
    told();
    net->router.receives("lan", ipv4().udp(5001, 53));
    EXPECT_EQ(told(), Texts{"limit 17 10.0.0.9:5001 0.0.0.0:0 192.0.2.1:53 of 1 sessions"});
}

TEST_P(NatLog, TellsOfPortsWhereAHostHasNoMoreOfThem) {
    const std::map<std::string, uint16_t> ports_of{
        {R"(, "ports_per_subscriber": 1, "sessions_per_subscriber": 9)", 1},
        {R"(, "ports": "6000-6031", "port_choice": "blocks", "block_size": 16,
              "blocks_per_subscriber": 1)",
         16},
        {R"(, "ports": "2048-6143", "port_choice": "deterministic")", 16}};
    for (const auto& [rule, ports] : ports_of) {
        const auto net = logging(source_rule(rule));
        for (uint16_t n = 0; n < ports; ++n) net->router.receives("lan", ipv4().udp(5000 + n, 53));
        told();
        net->router.receives("lan", ipv4().udp(5099, 53));
        EXPECT_EQ(told(), Texts{"limit 17 10.0.0.9:5099 0.0.0.0:0 192.0.2.1:53 of " +
                                std::to_string(ports) + " ports"})
            << rule;
    }
}

// A dataplane died at some moment; the next one takes over its sessions and its log.
class NatLogAfterDeath : public NatLog {
  protected:
    std::unique_ptr<Network> with_a_session() {
        auto net = logging(source_rule(R"(, "ports": "6000-6000")"));
        net->router.receives("lan", ipv4().udp(5000, 53));
        return net;
    }
    static flow::Session& session(Network& net) {
        auto& table = net.router.nat()->shared().table;
        for (uint32_t place = 0; place < table.capacity(); ++place) {
            if (table.session(place).is_live()) return table.session(place);
        }
        throw std::logic_error("no session");
    }
    static void put_into(flow::Session& s, flow::Condition condition) {
        s.commit = flow::Session::commit_word(1, condition);
    }
    void forget_record() { ring().written = ring().written - 1; }
    void take_over(Network& net) {
        nat::make_log_whole(
            rings(), net.router.nat()->shared().table.sessions(),
            [this](uint16_t) { return has_rule_; }, net.router.context().now_ns);
    }

    bool has_rule_ = true;
};
TEST_BOTH_WAYS(NatLogAfterDeath);

TEST_P(NatLogAfterDeath, NothingIsToldTwice) {
    const auto net = with_a_session();
    told();
    take_over(*net);
    EXPECT_EQ(told(), Texts{});
}

TEST_P(NatLogAfterDeath, ASessionThatWasCreatedAndNotToldIsTold) {
    const auto net = with_a_session();
    forget_record();
    take_over(*net);
    take_over(*net);
    EXPECT_EQ(told(), Texts{"created" + udp_flow});
}

TEST_P(NatLogAfterDeath, ASessionThatWasEndingAndNotToldIsTold) {
    for (const auto condition : {flow::Condition::ending, flow::Condition::unfinished}) {
        const auto net = with_a_session();
        told();
        put_into(session(*net), condition);
        take_over(*net);
        take_over(*net);
        EXPECT_EQ(told(), Texts{"ended" + udp_flow});
    }
}

TEST_P(NatLogAfterDeath, ASessionThatWasEndingAndToldIsNotToldAgain) {
    const auto net = with_a_session();
    flow::Session& s = session(*net);
    net->router.does([&](Context& c) { nat::log_ended(c, s.facts); });
    told();
    put_into(s, flow::Condition::ending);
    take_over(*net);
    EXPECT_EQ(told(), Texts{});
}

TEST_P(NatLogAfterDeath, ASessionThatNeverCameToBeIsNotTold) {
    const auto net = with_a_session();
    forget_record();
    flow::Session& s = session(*net);
    for (const auto condition : {flow::Condition::making, flow::Condition::ending}) {
        put_into(s, condition);
        take_over(*net);
    }
    EXPECT_EQ(told(), Texts{});
}

TEST_P(NatLogAfterDeath, ASessionOlderThanAllThatTheLogHoldsWasTold) {
    const auto net = with_a_session();
    net->router.does([&](Context& c) {
        c.now_ns += 1'000'000'000;
        for (unsigned i = 0; i < layout::NatLogRing::size(); ++i) {
            nat::log_block(c, NatLogKind::block_released, 1, {1}, {2}, {1024, 2047});
        }
    });
    const uint64_t before = ring().written;
    take_over(*net);
    EXPECT_EQ(ring().written, before);
    put_into(session(*net), flow::Condition::ending);
    take_over(*net);
    EXPECT_EQ(ring().written, before + 1);
}

TEST_P(NatLogAfterDeath, ABlockThatWasAtRestIsTakenAway) {
    const auto net = logging(source_rule(blocks_of_16));
    net->router.receives("lan", ipv4().udp(5000, 53));
    told();
    take_over(*net);
    EXPECT_EQ(told(), Texts{}) << "it has a session";
    let_pass(*net, 302s);
    take_over(*net);
    take_over(*net);
    EXPECT_EQ(told(), Texts{"released" + block});
}

TEST_P(NatLogAfterDeath, ABlockWhoseRuleIsGoneMeanwhileIsTakenAway) {
    const auto net = logging(source_rule(blocks_of_16));
    net->router.receives("lan", ipv4().udp(5000, 53));
    told();
    has_rule_ = false;
    take_over(*net);
    take_over(*net);
    EXPECT_EQ(told(), Texts{"released" + block});
}

TEST_P(NatLogAfterDeath, ASessionThatContradictsAnotherEndsNoSoonerThanItBegan) {
    const auto net = with_a_session();
    told();
    session(*net).facts.mapping ^= 1;
    net->router.does([](Context& c) { c.now_ns += 700'000'000; });
    net->router.restart_nat(rings());
    layout::NatLogRecord ended;
    ASSERT_TRUE(ring().read(1, ended));
    EXPECT_EQ(told(), Texts{"ended" + udp_flow});
    EXPECT_EQ(ended.time_ns, net->router.context().now_ns);
}

TEST_P(NatLogAfterDeath, ABlockThatIsAnothersByNowIsHis) {
    const auto net = logging(source_rule(blocks_of_16));
    net->router.receives("lan", ipv4().udp(5000, 53));
    let_pass(*net, 302s);
    let_pass(*net, 121s);
    net->router.receives("lan", ipv4().from(neighbour).udp(5000, 53));
    told();
    take_over(*net);
    EXPECT_EQ(told(), Texts{});
}

TEST_P(NatLogAfterDeath, ABlockWhoseEndMayBeForgottenIsNotToldOf) {
    const auto two = std::make_unique<layout::NatLogRing[]>(2);
    layout::NatLogRecord allocated{};
    allocated.time_ns = 5'000'000'000;
    allocated.kind = NatLogKind::block_allocated;
    two[0].push(allocated);
    layout::NatLogRecord other{};
    other.time_ns = 6'000'000'000;
    for (unsigned i = 0; i <= layout::NatLogRing::size(); ++i) two[1].push(other);
    const auto all = [](uint16_t) { return true; };
    nat::make_log_whole({two.get(), 2}, {}, all, 7'000'000'000);
    EXPECT_EQ(two[0].written, 1u);
}

}  // namespace
}  // namespace sluice::test
