// SPDX-License-Identifier: BSD-3-Clause
// Probes of a forward's targets, and who gets new sessions when one is dead.
#include <map>

#include "dataplane/nat/probe.h"
#include "test/path/nat_network.h"

namespace sluice::test {
namespace {

class NatHealth : public NatBothWays {
  protected:
    std::unique_ptr<Network> probing(const std::string& probe, const std::string& more = "") {
        return with_rules(R"({"name": "web", "type": "forward", "in": "wan", "protocol": "tcp",
            "port": 80, "to": ["10.0.0.9:8080", "10.0.0.8:8080"],
            "health": {"probe": ")" +
                          probe + R"("})" + more + "}");
    }
    static Sent ask(Network& net, uint16_t target) {
        return only(net.router.does([&](Context& c) { nat::send_probe(c, target); }));
    }
    static bool heard(Network& net, uint16_t target) {
        return net.router.nat()->shared().answers.take(target);
    }
    static uint32_t number_at(const Sent& s, size_t at) {
        const Bytes p = s.frame.ip_payload();
        return uint32_t{word_at(p, at)} << 16 | word_at(p, at + 2);
    }
    // What a host answers: its SYN, or RST, with the number that the probe asks for.
    static Bytes answer_to(const Sent& probe, uint8_t flags, uint32_t acknowledged) {
        Bytes frame = ipv4()
                          .from(destination_of(probe))
                          .to(source_of(probe))
                          .tcp(destination_port(probe), source_port(probe), flags)
                          .build();
        for (unsigned i = 0; i < 4; ++i) {
            frame[14 + 20 + 8 + i] = static_cast<uint8_t>(acknowledged >> (24 - 8 * i));
        }
        return frame;
    }
};
TEST_BOTH_WAYS(NatHealth);

TEST_P(NatHealth, AnOpenPortIsHeardAndTheConnectionReset) {
    const auto net = probing("tcp");
    const Sent probe = ask(*net, 1);
    EXPECT_EQ(flow_of(probe), "lan 10.0.0.1:1000 > 10.0.0.8:8080");
    EXPECT_EQ(probe.frame.ip_payload()[13], syn);
    const uint32_t number = number_at(probe, 4) + 1;
    const Sent reset = only(net->router.receives("lan", answer_to(probe, syn | ack, number)));
    EXPECT_EQ(flow_of(reset), "lan 10.0.0.1:1000 > 10.0.0.8:8080");
    EXPECT_EQ(reset.frame.ip_payload()[13], rst);
    EXPECT_EQ(number_at(reset, 4), number);
    EXPECT_TRUE(heard(*net, 1));
    EXPECT_FALSE(heard(*net, 1));
    EXPECT_FALSE(heard(*net, 0));
}

TEST_P(NatHealth, AClosedPortASilentHostAndAnotherHostAreNotHeard) {
    const auto net = probing("tcp");
    const Sent probe = ask(*net, 1);
    const uint32_t number = number_at(probe, 4) + 1;
    net->router.receives("lan", answer_to(probe, rst | ack, number));
    net->router.receives("lan", answer_to(probe, syn | ack, number + 1));
    net->router.receives("lan", answer_to(probe, syn | ack, number - 1));
    Bytes theirs = answer_to(ask(*net, 0), syn | ack, number);
    net->router.receives("lan", theirs);
    EXPECT_FALSE(heard(*net, 0));
    EXPECT_FALSE(heard(*net, 1));
}

TEST_P(NatHealth, WhoKnowsOneProbeKnowsNothingOfAnother) {
    const auto net = probing("tcp");
    const uint32_t first = number_at(ask(*net, 0), 4), second = number_at(ask(*net, 1), 4);
    const Sent probe = ask(*net, 1);
    const uint32_t third = number_at(probe, 4);
    for (const uint32_t guess : {first, first + 1, second, 2 * second - first, third - 1}) {
        net->router.receives("lan", answer_to(probe, syn | ack, guess + 1));
        EXPECT_FALSE(heard(*net, 1)) << "by the probe of another target, or of another time";
    }
    net->router.receives("lan", answer_to(probe, syn | ack, third + 1));
    EXPECT_TRUE(heard(*net, 1));
}

TEST_P(NatHealth, AnEchoIsHeard) {
    const auto net = probing("icmp");
    const Sent probe = ask(*net, 0);
    EXPECT_EQ(destination_of(probe), "10.0.0.9");
    EXPECT_TRUE(probe.frame.is_icmp(8, 0) && probe.frame.checksums_hold());
    Bytes message = probe.frame.ip_payload();
    message[0] = 0;
    message[2] = message[3] = 0;
    const net::Be16 sum = net::checksum_of(net::sum_words(message.data(), message.size()));
    std::memcpy(message.data() + 2, static_cast<const void*>(&sum), 2);
    const auto reply = ipv4().to(source_of(probe)).protocol(1).payload(message);
    net->router.receives("lan", reply.build());
    EXPECT_TRUE(heard(*net, 0));
    EXPECT_FALSE(heard(*net, 1));
}

TEST_P(NatHealth, AnAnswerIsHeardWhereTheRoutersAddressIsAnExternalOneToo) {
    const auto net = probing("tcp", R"(, "out": "lan", "source": "interface")");
    const Sent probe = ask(*net, 1);
    net->router.receives("lan", answer_to(probe, syn | ack, number_at(probe, 4) + 1));
    EXPECT_TRUE(heard(*net, 1));
}

class NatDeadTarget : public NatHealth {
  protected:
    // As the main thread marks it.
    static void kill(Network& net, uint32_t target) {
        net.router.mark_dead(target);
        net.router.take_plan();
    }
    static std::string host_of(Network& net, unsigned client, uint16_t port = 1000) {
        const auto sent =
            net.router.receives("wan", ipv4()
                                           .from("192.0." + std::to_string(client / 200) + "." +
                                                 std::to_string(1 + client % 200))
                                           .to(outside)
                                           .tcp(port, 80, syn));
        return sent.empty() ? "nobody" : destination_of(sent[0]);
    }
};
TEST_BOTH_WAYS(NatDeadTarget);

TEST_P(NatDeadTarget, GetsNoNewSessionAndTheOthersKeepTheirClients) {
    const auto net = probing("tcp");
    std::map<unsigned, std::string> before;
    for (unsigned client = 0; client < 100; ++client) before[client] = host_of(*net, client);
    kill(*net, 1);
    for (unsigned client = 0; client < 100; ++client) {
        EXPECT_EQ(host_of(*net, client, 2000), "10.0.0.9");
        EXPECT_EQ(host_of(*net, client, 1000), before[client]);  // the sessions that there were
    }
}

TEST_P(NatDeadTarget, OfThreeTheLivingKeepTheirClientsAndShareTheOthers) {
    const auto net = with_rules(R"({"name": "web", "type": "forward", "in": "wan",
        "protocol": "tcp", "port": 80, "to": ["10.0.0.9", "10.0.0.8", "10.0.0.7"],
        "health": {"probe": "icmp"}})");
    net->router.knows("lan", "10.0.0.7", mac("02:00:00:00:00:77"));
    std::map<std::string, unsigned> share;
    std::map<unsigned, std::string> before;
    for (unsigned client = 0; client < 300; ++client) before[client] = host_of(*net, client);
    kill(*net, 1);
    for (unsigned client = 0; client < 300; ++client) {
        const std::string host = host_of(*net, client, 2000);
        if (before[client] == "10.0.0.8") {
            ++share[host];
        } else {
            EXPECT_EQ(host, before[client]);
        }
    }
    EXPECT_EQ(share.size(), 2u);
    EXPECT_GT(share["10.0.0.9"], 15u);
    EXPECT_GT(share["10.0.0.7"], 15u);
}

TEST_P(NatDeadTarget, WhereNoneLivesTheFlowIsRefused) {
    const auto net = probing("tcp");
    kill(*net, 0);
    kill(*net, 1);
    EXPECT_EQ(host_of(*net, 1), "nobody");
    EXPECT_EQ(net->router.drops(DropReason::nat_no_target), 1);
}

}  // namespace
}  // namespace sluice::test
