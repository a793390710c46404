// SPDX-License-Identifier: BSD-3-Clause
// What holds for all flows under all rules. Two routers of the same random rules, one with the fast
// way and one without, get the same random packets, of flows that begin on either side and of flows
// that are there:
//
//   What comes back of a flow reaches who sent it, as an answer to what he sent.
//   Nothing of a packet changes but addresses, ports or identifier, ttl and checksums, which hold.
//   Both routers send the same bytes, and count the same.
//   What test/support/nat_check.h says.
#include <map>
#include <optional>

#include "test/path/two_nats.h"

namespace sluice::test {
namespace {

struct Side {
    std::string interface;
    Ends ends;  // of a packet that comes in here
};

class NatProperty : public ::testing::TestWithParam<uint32_t> {
  protected:
    Ends first_of_new_flow(bool from_inside) {
        const auto port = [&] { return static_cast<uint16_t>(dice.below(8) + 5000); };
        const std::vector<std::string> externals{"203.0.113.2",  "203.0.113.64", "203.0.113.65",
                                                 "203.0.113.73", "203.0.113.80", "203.0.113.81"};
        Ends e;
        e.protocol = dice.of<uint8_t>({udp, udp, tcp, tcp, icmp, gre});
        const std::string host = "10.0.0." + std::to_string(2 + dice.below(9));
        const std::string far = "192.0.2." + std::to_string(1 + dice.below(6));
        e.from = from_inside ? host : far;
        e.to = from_inside && !dice.one_in(5) ? far : dice.of(externals);
        if (e.protocol != gre) e.from_port = port();
        if (e.protocol == udp || e.protocol == tcp) {
            e.to_port = dice.of<uint16_t>({80, 5000, port(), port(),
                                           static_cast<uint16_t>(2000 + dice.below(256)),
                                           static_cast<uint16_t>(4000 + dice.below(32))});
        }
        return e;
    }
    // Sends one packet, and looks at what leaves, if it does.
    std::optional<Side> pass(const Side& in, uint8_t tcp_flags) {
        const Bytes frame = packet_of(in.ends, tcp_flags, dice);
        const std::vector<Sent> sent = nats->receive(in.interface, {frame});
        if (sent.size() != 1 || !sent[0].frame.is_ipv4()) return {};
        const net::Ipv4Header& ip = sent[0].frame.ipv4();
        if (ip.protocol == icmp && net::icmp::is_error(sent[0].frame.icmp().type)) return {};
        if (ip.protocol == icmp && ip.ttl == 64 && sent[0].interface == in.interface) return {};
        EXPECT_TRUE(sent[0].frame.checksums_hold()) << in.ends.text();
        EXPECT_EQ(ip.ttl, 63);
        EXPECT_EQ(untouched(sent[0].frame.bytes()), untouched(frame)) << in.ends.text();
        return Side{sent[0].interface, ends_of(sent[0])};
    }
    void begin_flow() {
        const bool from_inside = !dice.one_in(4);
        const Side in{from_inside ? "lan" : "wan", first_of_new_flow(from_inside)};
        const auto out = pass(in, syn);
        const auto known = flows.find(in.ends);
        if (known != flows.end()) {
            ASSERT_TRUE(out) << in.ends.text();
            ASSERT_EQ(out->ends, known->second.second.ends) << in.ends.text();
        } else if (out) {
            if (out->ends != in.ends) forget_without_session(out->ends.turned());
            flows[in.ends] = {in, {out->interface, out->ends}};
        }
    }
    // What is exempt has no session. If its remote then speaks to the host's static address with
    // the same ports, that makes one, and what is sent back is of it.
    void forget_without_session(const Ends& ends) {
        const auto known = flows.find(ends);
        if (known != flows.end() && known->second.second.ends == ends) flows.erase(known);
    }
    const std::pair<Side, Side>& any_flow() {
        return std::next(flows.begin(), dice.below(static_cast<unsigned>(flows.size())))->second;
    }
    // Each side's packet arrives as the other side's answer would look from there.
    void speak(bool back, uint8_t tcp_flags) {
        const auto& [in, out] = any_flow();
        const auto arrived =
            back ? pass({out.interface, out.ends.turned()}, tcp_flags) : pass(in, tcp_flags);
        ASSERT_TRUE(arrived) << in.ends.text() << " as " << out.ends.text();
        ASSERT_EQ(arrived->interface, back ? in.interface : out.interface);
        ASSERT_EQ(arrived->ends, back ? in.ends.turned() : out.ends) << in.ends.text();
        ++spoken;
    }
    void speak_all_at_once() {
        std::map<std::string, std::vector<Bytes>> bursts;
        for (unsigned i = 0; i < 48; ++i) {
            const auto& [in, out] = any_flow();
            const bool back = dice.one_in(2);
            bursts[back ? out.interface : in.interface].push_back(
                packet_of(back ? out.ends.turned() : in.ends, ack, dice));
        }
        for (const auto& [interface, burst] : bursts) {
            EXPECT_EQ(nats->receive(interface, burst).size(), burst.size());
        }
    }
    void begin_many_at_once() {
        std::vector<Bytes> burst;
        for (unsigned i = 0; i < 24; ++i) {
            const auto to_port = static_cast<uint16_t>(5000 + dice.below(3));
            const Ends e{dice.of<uint8_t>({udp, tcp}),
                         "10.0.0." + std::to_string(2 + dice.below(9)),
                         "192.0.2." + std::to_string(1 + dice.below(6)),
                         static_cast<uint16_t>(5000 + dice.below(8)), to_port};
            burst.push_back(packet_of(e, syn, dice));
        }
        nats->receive("lan", burst);
    }
    void live_a_while() {
        for (unsigned step = 0; step < 300 && !HasFailure(); ++step) {
            begin_flow();
            if (flows.empty() || HasFailure()) continue;
            speak(dice.one_in(2), dice.one_in(4) ? syn | ack : ack);
            if (step % 50 == 49) speak_all_at_once();
            if (step % 100 == 30) begin_many_at_once();
            if (step % 100 == 60) nats->restart();
            if (step % 50 == 0) nats->check();
        }
    }

    Dice dice{GetParam()};
    std::string rules = random_rules(dice);
    std::unique_ptr<TwoNats> nats = std::make_unique<TwoNats>(rules);
    std::map<Ends, std::pair<Side, Side>> flows;
    unsigned spoken = 0;
};
INSTANTIATE_TEST_SUITE_P(Seeds, NatProperty, ::testing::Range(1u, 13u));

TEST_P(NatProperty, OutAndBackIsTheIdentityUnderAllRules) {
    for (const auto pause : {10s, 400s, 8000s}) {
        live_a_while();
        if (HasFailure()) FAIL() << rules;
        nats->wait(pause);
        flows.clear();
        nats->check();
    }
    EXPECT_GT(spoken, 500u);
    EXPECT_GT(nats->router().tally(layout::Tally::nat_sessions_made), 50u);
    EXPECT_EQ(nats->router().tally(layout::Tally::nat_sessions_made),
              nats->router().tally(layout::Tally::nat_sessions_ended));
}

}  // namespace
}  // namespace sluice::test
