// SPDX-License-Identifier: BSD-3-Clause
// UDP broadcasts that are relayed between lan, dmz and two tunnels: what goes where, and why
// nothing goes round.
#include <set>

#include "test/path/tunnel_network.h"

namespace sluice::test {
namespace {

constexpr uint16_t name_service = 137, game = 6112;
const std::string to_all = "255.255.255.255";

class Relay : public BothWays {
  protected:
    TestRouter& router_with(const std::string& interfaces = R"("lan", "dmz", "there", "other")") {
        network_ = std::make_unique<Network>(
            with_tunnels({.other = R"("type": "gre")",
                          .rest = R"(, "broadcast_relay": { "udp_ports": [137, 6112],
                                                            "interfaces": [)" +
                                  interfaces + "] }"}));
        use_way(network_->router);
        return network_->router;
    }
    static Ipv4Builder broadcast(uint16_t port = name_service, const std::string& to = to_all) {
        return ipv4()
            .from("10.0.0.9")
            .to(to)
            .to_mac(net::broadcast_mac)
            .ttl(9)
            .udp(4000, port)
            .payload(40);
    }
    // Interfaces, and remotes of tunnels, that got a copy.
    static std::multiset<std::string> takers_of(const std::vector<Sent>& sent) {
        std::multiset<std::string> takers;
        for (const Sent& s : sent) {
            const bool outer = s.frame.ipv4().protocol == gre_protocol;
            takers.insert(outer ? net::to_string(s.frame.ipv4().destination_address())
                                : s.interface);
        }
        return takers;
    }

  private:
    std::unique_ptr<Network> network_;
};
using Takers = std::multiset<std::string>;
TEST_BOTH_WAYS(Relay);

TEST_P(Relay, CopiesABroadcastToEachOtherInterfaceAndIntoTunnelsAsUnicast) {
    TestRouter& router = router_with();
    const auto sent = router.receives("lan", broadcast());
    EXPECT_EQ(takers_of(sent), (Takers{"dmz", "198.51.100.9", "198.51.100.10"}));
    for (const Sent& s : sent) {
        const Frame copy = s.interface == "dmz" ? s.frame : taken_out(s.frame, 24);
        EXPECT_EQ(copy.ipv4().destination_address(), ip(to_all));
        EXPECT_EQ(copy.ipv4().source_address(), ip("10.0.0.9")) << "so that it can be answered";
        EXPECT_EQ(copy.ipv4().ttl, 8);
        EXPECT_TRUE(copy.checksums_hold());
        EXPECT_EQ(copy.ip_payload(), Frame(broadcast()).ip_payload());
        if (s.interface == "dmz") {
            EXPECT_EQ(s.frame.ethernet().destination, net::broadcast_mac);
        }
    }
    EXPECT_EQ(router.tally(layout::Tally::broadcasts_relayed), 1u);
    EXPECT_EQ(router.tally(layout::Tally::broadcast_copies), 3u);
    EXPECT_EQ(router.all_drops(), 0u);
    EXPECT_EQ(router.pool().outstanding(), 0u);
}

TEST_P(Relay, MakesABroadcastOfTheOwnNetworkOneThatAnyNetworkUnderstands) {
    TestRouter& router = router_with(R"("lan", "dmz")");
    const Sent sent = only(router.receives("lan", broadcast(game, "10.0.0.255")));
    EXPECT_EQ(sent.frame.ipv4().destination_address(), ip(to_all));
    EXPECT_TRUE(sent.frame.checksums_hold()) << "UDP's is over the address too";
    const Sent bare =
        only(router.receives("lan", broadcast(game, "10.0.0.255").no_transport_checksum()));
    EXPECT_EQ(bare.frame.ip_payload(), Frame(broadcast(game).no_transport_checksum()).ip_payload())
        << "one that has no checksum gets none";
}

TEST_P(Relay, NeverLeavesAChecksumThatSaysThereIsNone) {
    TestRouter& router = router_with(R"("lan", "dmz")");
    for (uint16_t port = 1; port != 0; ++port) {
        // Of one of the ports the checksum for all hosts is 0, which is sent as its complement.
        Ipv4Builder packet = broadcast(name_service, "10.0.0.255").udp(port, name_service);
        if (Frame(Ipv4Builder(packet).to(to_all)).ip_payload()[6] != 0xff) continue;
        if (Frame(Ipv4Builder(packet).to(to_all)).ip_payload()[7] != 0xff) continue;
        EXPECT_TRUE(only(router.receives("lan", packet)).frame.checksums_hold());
        EXPECT_EQ(only(router.receives("lan", packet)).frame.ip_payload()[6], 0xff);
        return;
    }
    FAIL() << "no port makes such a checksum";
}

TEST_P(Relay, TakesABroadcastOutOfATunnelAndOnToPortsAndOtherTunnels) {
    TestRouter& router = router_with();
    const Bytes inside = ip_bytes(broadcast().from("10.9.0.5"));
    EXPECT_EQ(takers_of(router.receives("wan", from_there(plain_gre, inside))),
              (Takers{"lan", "dmz", "198.51.100.10"}));
}

TEST_P(Relay, RelaysNothingUnlessItIsAskedTo) {
    Network network(with_tunnels({}));
    use_way(network.router);
    EXPECT_TRUE(network.router.receives("lan", broadcast()).empty());
    EXPECT_TRUE(router_with(R"("dmz", "there")").receives("lan", broadcast()).empty());
}

TEST_P(Relay, LeavesAloneWhatIsNotOfItsPortsOrNotWholeUdp) {
    TestRouter& router = router_with();
    const auto is_relayed = [&](const Ipv4Builder& packet) {
        return !router.receives("lan", packet).empty();
    };
    EXPECT_FALSE(is_relayed(broadcast(138)));
    EXPECT_FALSE(is_relayed(broadcast().protocol(6)));
    EXPECT_FALSE(is_relayed(broadcast().fragment(0, true)));
    EXPECT_FALSE(is_relayed(broadcast().options({0x94, 4, 0, 0})));
    EXPECT_FALSE(is_relayed(ipv4().from("10.0.0.9").to(to_all).protocol(17).payload(7)));
    EXPECT_FALSE(is_relayed(broadcast(name_service, "172.16.0.255"))) << "another network's";
    EXPECT_EQ(router.drops(DropReason::group_not_joined), 5u);
    EXPECT_EQ(router.drops(DropReason::directed_broadcast), 1u);
    EXPECT_TRUE(is_relayed(broadcast()));
}

TEST_P(Relay, TakesFromAPortOnlyWhatAHostOfItsNetworkSends) {
    TestRouter& router = router_with();
    // As another router on lan would have relayed it, also where the way back is by lan.
    EXPECT_TRUE(router.receives("lan", broadcast().from("10.9.0.5")).empty());
    EXPECT_TRUE(router.receives("lan", broadcast().from("172.16.0.9")).empty());
    EXPECT_EQ(router.drops(DropReason::broadcast_wrong_way), 2u);
    EXPECT_TRUE(router.receives("lan", broadcast().from("0.0.0.0")).empty()) << "as DHCP's hosts";
    EXPECT_EQ(router.drops(DropReason::source_martian), 1u);
    EXPECT_TRUE(router.receives("lan", broadcast().from("10.0.0.1")).empty()) << "an echo of ours";
    EXPECT_EQ(router.drops(DropReason::source_is_ours), 1u);
}

TEST_P(Relay, TakesFromATunnelOnlyWhatIsAnsweredByIt) {
    TestRouter& router = router_with();
    for (const char* from : {"10.10.0.5", "10.0.0.9", "192.0.2.1", "100.64.0.1"}) {
        const Bytes inside = ip_bytes(broadcast().from(from));
        EXPECT_TRUE(router.receives("wan", from_there(plain_gre, inside)).empty()) << from;
    }
    EXPECT_EQ(router.drops(DropReason::broadcast_wrong_way), 4u);
}

TEST_P(Relay, EndsWithTheTimeToLiveAndWithoutAWord) {
    TestRouter& router = router_with();
    EXPECT_TRUE(router.receives("lan", broadcast().ttl(1)).empty());
    EXPECT_TRUE(
        router.receives("wan", from_there(plain_gre, ip_bytes(broadcast().from("10.9.0.5").ttl(1))))
            .empty());
    EXPECT_EQ(router.drops(DropReason::ttl_expired), 2u);
}

TEST_P(Relay, CutsACopyThatIsTooLargeForItsTakerOrDropsIt) {
    TestRouter& router = router_with(R"("lan", "there")");
    EXPECT_EQ(router.receives("lan", broadcast().payload(1470)).size(), 2u);
    EXPECT_TRUE(router.receives("lan", broadcast().payload(1470).dont_fragment()).empty());
    EXPECT_EQ(router.drops(DropReason::too_big), 1u);
    EXPECT_EQ(router.pool().outstanding(), 0u);
}

TEST_P(Relay, DropsWhatItHasNoBufferToCopyTo) {
    TestRouter& router = router_with();
    const Packet packet = router.packet_of(broadcast());
    router.pool().limit_to(router.pool().outstanding());
    EXPECT_TRUE(router.receives("lan", std::vector<rte_mbuf*>{packet.buffer()}).empty());
    EXPECT_EQ(router.drops(DropReason::no_buffer), 1u);
}

// Three routers, each with a network of its own and a tunnel to each of the others, relaying
// between all of them: each network hears a broadcast of another one once.
TEST_P(Relay, IsHeardOnceInEachNetworkOfAMeshOfTunnels) {
    const auto router_of = [&](unsigned self) {
        std::string tunnels, routes, relay = "\"lan\"";
        for (unsigned n = 1; n <= 3; ++n) {
            if (n == self) continue;
            const std::string to = "t" + std::to_string(n), comma = tunnels.empty() ? "" : ", ";
            const std::string number = std::to_string(n);
            tunnels += comma + "\"" + to + R"(": { "type": "gre", "local": "203.0.113.)" +
                       std::to_string(self) + R"(", "remote": "203.0.113.)" + number + "\" }";
            routes += comma + R"({ "prefix": "10.0.)" + number + R"(.0/24", "interface": ")" + to +
                      "\" }";
            relay += ", \"" + to + "\"";
        }
        const std::string number = std::to_string(self);
        auto router = std::make_unique<TestRouter>(
            R"({ "interfaces": { "lan": { "device": "net_null0", "addresses": ["10.0.)" + number +
            R"(.1/24"] }, "wan": { "device": "net_null1", "addresses": ["203.0.113.)" + number +
            R"(/24"] } }, "tunnels": {)" + tunnels + R"(}, "routes": [)" + routes +
            R"(], "broadcast_relay": { "udp_ports": [137], "interfaces": [)" + relay + "] } }");
        for (unsigned n = 1; n <= 3; ++n) {
            router->knows("wan", "203.0.113." + std::to_string(n), mac("02:00:00:00:00:0f"));
        }
        use_way(*router);
        return router;
    };
    std::vector<std::unique_ptr<TestRouter>> routers;
    for (unsigned n = 1; n <= 3; ++n) routers.push_back(router_of(n));
    std::vector<unsigned> heard(3);
    std::vector<std::pair<size_t, Bytes>> on_the_way;  // to whom
    const auto carry = [&](size_t by, const std::vector<Sent>& sent) {
        for (const Sent& s : sent) {
            if (s.interface == "lan") ++heard[by];
            if (s.interface != "wan") continue;
            Bytes frame = s.frame.bytes();
            std::fill_n(frame.begin(), 6, uint8_t{0});  // to whomever gets it
            on_the_way.emplace_back((s.frame.ipv4().destination.host() & 0xff) - 1, frame);
        }
    };
    carry(0, routers[0]->receives("lan", broadcast().from("10.0.1.9")));
    for (size_t n = 0; n < on_the_way.size() && n < 100; ++n) {
        const auto [to, frame] = on_the_way[n];
        carry(to, routers[to]->receives("wan", frame));
    }
    EXPECT_EQ(heard, (std::vector<unsigned>{0, 1, 1}));
    EXPECT_LT(on_the_way.size(), 100u);
}

}  // namespace
}  // namespace sluice::test
