// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>

#include "dataplane/arp/request.h"
#include "test/path/network.h"

namespace sluice::test {
namespace {

const net::MacAddress stranger = mac("02:00:00:00:00:50");

class ArpTest : public ::testing::Test {
  protected:
    Arp request(const char* sender = "10.0.0.50", const char* target = "10.0.0.1") {
        return {.operation = net::arp_request,
                .sender_mac = stranger,
                .sender = sender,
                .target = target};
    }
    Arp reply(const char* sender = "10.0.0.50") {
        return {.operation = net::arp_reply,
                .sender_mac = stranger,
                .sender = sender,
                .target_mac = net.router.mac_of("lan"),
                .target = "10.0.0.1",
                .to = net.router.mac_of("lan")};
    }
    NeighbourCondition condition(const char* address, const char* interface = "lan") {
        const uint32_t place =
            net.router.neighbours().find(net.router.id_of(interface), ip(address));
        return place == NeighbourTable::none ? NeighbourCondition::none
                                             : net.router.neighbours().link(place).condition();
    }
    bool knows_of(const char* address) {
        return net.router.neighbours().find(net.router.id_of("lan"), ip(address)) !=
               NeighbourTable::none;
    }
    net::MacAddress known_mac(const char* address) {
        const uint32_t place = net.router.neighbours().find(net.router.id_of("lan"), ip(address));
        return net.router.neighbours().link(place).mac();
    }
    bool happened(layout::EventKind kind) {
        const auto events = net.router.events();
        return std::any_of(events.begin(), events.end(), [&](auto& e) { return e.kind == kind; });
    }
    // A packet from the dmz to a host on the lan.
    std::vector<Sent> send_to(const std::string& address) {
        return net.router.receives("dmz", ipv4().from("172.16.0.9").to(address));
    }
    static bool asks(const Sent& s, const char* target) {
        return s.frame.is_arp() && s.frame.arp().operation.host() == net::arp_request &&
               s.frame.arp().target_ip.host() == ip(target).value;
    }
    Network net;
};
using ArpReceive = ArpTest;
using ArpResolve = ArpTest;

// --- what it hears

TEST_F(ArpReceive, AnswersARequestForItsOwnAddress) {
    REQUIREMENT("RFC 826", "A request for the own address is answered, to its sender alone");
    const Sent sent = only(net.router.receives("lan", request()));
    EXPECT_EQ(sent.frame.size(), 60u);
    EXPECT_EQ(sent.frame.ethernet().destination, stranger);
    EXPECT_EQ(sent.frame.ethernet().source, net.router.mac_of("lan"));
    const net::ArpPacket& arp = sent.frame.arp();
    EXPECT_EQ(arp.operation.host(), net::arp_reply);
    EXPECT_EQ(arp.sender_mac, net.router.mac_of("lan"));
    EXPECT_EQ(arp.sender_ip.host(), ip("10.0.0.1").value);
    EXPECT_EQ(arp.target_mac, stranger);
    EXPECT_EQ(arp.target_ip.host(), ip("10.0.0.50").value);
    EXPECT_TRUE(std::all_of(sent.frame.bytes().begin() + 42, sent.frame.bytes().end(),
                            [](uint8_t b) { return b == 0; }));
    EXPECT_EQ(net.router.pool().outstanding(), 0u);
}

TEST_F(ArpReceive, AnswersARequestOfExactlyItsLength) {
    Bytes frame = request();
    frame.resize(42);
    EXPECT_EQ(only(net.router.receives("lan", frame)).frame.size(), 60u);
}

TEST_F(ArpReceive, AnswersARequestWhosePaddingLiesInAnotherBuffer) {
    EXPECT_EQ(net.router.receives_in_pieces("lan", request(), 42).size(), 1u);
    EXPECT_EQ(net.router.pool().outstanding(), 0u);
}

TEST_F(ArpReceive, DoesNotAnswerForOthers) {
    EXPECT_TRUE(net.router.receives("lan", request("10.0.0.50", "10.0.0.9")).empty());
    EXPECT_TRUE(net.router.receives("lan", request("10.0.0.50", "203.0.113.2")).empty())
        << "an address of another interface";
    EXPECT_EQ(net.router.all_drops(), 0u);
}

TEST_F(ArpReceive, DoesNotAnswerAReply) {
    REQUIREMENT("RFC 826", "Only requests are answered");
    EXPECT_TRUE(net.router.receives("lan", reply()).empty());
}

TEST_F(ArpReceive, DropsWhatIsNotEthernetAndIpv4) {
    REQUIREMENT("RFC 826", "Hardware type, protocol type and their lengths are checked");
    const Bytes right = request();
    for (const unsigned at : {14u, 15u, 16u, 17u, 18u, 19u}) {
        Bytes wrong = right;
        wrong[at] ^= 2;
        EXPECT_TRUE(net.router.receives("lan", wrong).empty()) << at;
    }
    EXPECT_EQ(net.router.drops(DropReason::arp_malformed), 6u);
    Bytes strange = right;
    strange[21] = 3;  // operation
    net.router.receives("lan", strange);
    Bytes short_one = right;
    short_one.resize(41);
    net.router.receives("lan", short_one);
    EXPECT_EQ(net.router.drops(DropReason::arp_malformed), 8u);
    EXPECT_FALSE(knows_of("10.0.0.50"));
}

TEST_F(ArpReceive, LearnsFromWhoeverAsksForIt) {
    REQUIREMENT("RFC 826", "An entry is made for the sender when the target is the own address");
    net.router.receives("lan", request());
    EXPECT_EQ(condition("10.0.0.50"), NeighbourCondition::reachable);
    EXPECT_EQ(known_mac("10.0.0.50"), stranger);
}

TEST_F(ArpReceive, DoesNotLearnFromWhatIsNotMeantForIt) {
    REQUIREMENT("RFC 826", "Otherwise only an entry that exists is updated");
    net.router.receives("lan", request("10.0.0.50", "10.0.0.9"));
    net.router.receives("lan", request("10.0.0.50", "10.0.0.50"));
    EXPECT_FALSE(knows_of("10.0.0.50"));
    net.router.receives("lan", request("10.0.0.9", "10.0.0.77"));
    EXPECT_EQ(known_mac("10.0.0.9"), stranger);
    EXPECT_TRUE(happened(layout::EventKind::neighbour_moved));
}

TEST_F(ArpReceive, DoesNotLearnAddressesThatAreNotOnTheLink) {
    net.router.receives("lan", request("192.0.2.50"));
    EXPECT_FALSE(knows_of("192.0.2.50"));
}

TEST_F(ArpReceive, RefusesSendersThatCanNotBeHosts) {
    REQUIREMENT("RFC 1812 3.3.2",
                "ARP that binds a broadcast or multicast address is not believed");
    Arp group = request();
    group.sender_mac = mac("03:00:00:00:00:01");
    Bytes frame = group;
    frame[6] = 2;  // the frame's own source is a station's
    net.router.receives("lan", frame);
    Arp nobody = request();
    nobody.sender_mac = {};
    net.router.receives("lan", nobody);
    for (const char* sender :
         {"255.255.255.255", "224.0.0.1", "127.0.0.1", "10.0.0.255", "10.0.0.0"}) {
        EXPECT_TRUE(net.router.receives("lan", request(sender)).empty()) << sender;
        EXPECT_FALSE(knows_of(sender));
    }
    EXPECT_EQ(net.router.drops(DropReason::arp_bad_sender), 7u);
}

TEST_F(ArpReceive, AnswersAProbeWithoutLearning) {
    REQUIREMENT("RFC 5227 2.1.1", "A probe for the own address is answered");
    EXPECT_EQ(net.router.receives("lan", request("0.0.0.0")).size(), 1u);
    EXPECT_FALSE(knows_of("0.0.0.0"));
}

TEST_F(ArpReceive, NoticesAStationWithItsAddressAndDefendsItEveryTenSeconds) {
    REQUIREMENT("RFC 5227 2.4 (c)",
                "A conflict for the own address is answered with an announcement, "
                "once in ten seconds at most");
    const auto sent = net.router.receives("lan", request("10.0.0.1", "10.0.0.9"));
    const Sent defence = only(sent);
    EXPECT_EQ(defence.frame.ethernet().destination, net::broadcast_mac);
    EXPECT_EQ(defence.frame.arp().sender_ip.host(), ip("10.0.0.1").value);
    EXPECT_EQ(defence.frame.arp().target_ip.host(), ip("10.0.0.1").value);
    EXPECT_EQ(defence.frame.arp().sender_mac, net.router.mac_of("lan"));
    EXPECT_EQ(net.router.drops(DropReason::arp_own_address), 1u);
    EXPECT_TRUE(happened(layout::EventKind::duplicate_address));

    net.router.waits(9900ms);
    EXPECT_TRUE(net.router.receives("lan", request("10.0.0.1", "10.0.0.9")).empty());
    net.router.waits(100ms);
    EXPECT_EQ(net.router.receives("lan", request("10.0.0.1", "10.0.0.9")).size(), 1u);
}

TEST_F(ArpReceive, DoesNotMindItsOwnAnnouncementLoopedBack) {
    Bytes own;
    for (const Sent& s : net.router.does(
             [&](Context& c) { arp::announce(c, net.router.id_of("lan"), ip("10.0.0.1")); })) {
        own = s.frame.bytes();
    }
    EXPECT_TRUE(net.router.receives("lan", own).empty());
    EXPECT_FALSE(knows_of("10.0.0.1"));
    EXPECT_EQ(net.router.all_drops(), 0u);
}

TEST_F(ArpReceive, LeavesStaticEntriesAlone) {
    net.router.apply(
        config_of({.rest = R"(, "neighbours": [ { "interface": "lan", "address": "10.0.0.60",
                                        "mac": "02:00:00:00:00:60" } ])"}));
    net.router.receives("lan", request("10.0.0.60"));
    EXPECT_EQ(known_mac("10.0.0.60"), mac("02:00:00:00:00:60"));
}

TEST_F(ArpReceive, StandsInForHostsElsewhereWhereAsked) {
    REQUIREMENT("RFC 1027 2.1", "Proxy ARP answers for hosts that another interface reaches");
    net.router.apply(config_of({.lan = R"(, "proxy_arp": true)"}));
    const Sent sent = only(net.router.receives("lan", request("10.0.0.50", "172.16.0.9")));
    EXPECT_EQ(sent.frame.arp().sender_ip.host(), ip("172.16.0.9").value);
    EXPECT_EQ(sent.frame.arp().sender_mac, net.router.mac_of("lan"));
    EXPECT_EQ(net.router.receives("lan", request("10.0.0.50", "192.0.2.1")).size(), 1u);
}

TEST_F(ArpReceive, NeverStandsInForHostsOnTheSameLinkOrWithoutARoute) {
    REQUIREMENT("RFC 1027 2.4",
                "Proxy ARP never answers towards the interface the route leaves by");
    net.router.apply(config_of({.lan = R"(, "proxy_arp": true)"}));
    EXPECT_TRUE(net.router.receives("lan", request("10.0.0.50", "10.0.0.9")).empty());
    EXPECT_TRUE(net.router.receives("lan", request("10.0.0.50", "8.8.8.8")).empty());
    EXPECT_TRUE(net.router.receives("lan", request("10.0.0.50", "224.0.0.1")).empty());
    EXPECT_TRUE(net.router.receives("wan", request("203.0.113.9", "172.16.0.9")).empty())
        << "it is on for the lan alone";
}

TEST_F(ArpReceive, KeepsATableOfBoundedSizeInAFlood) {
    net.router.apply(config_of({.rest = R"(, "arp": { "max_entries": 100 })"}));
    for (unsigned i = 2; i < 250; ++i) {
        net.router.receives("lan", request(("10.0.0." + std::to_string(i)).c_str()));
    }
    EXPECT_LE(net.router.neighbours().count(), 100u);
}

TEST(ArpAnnounce, TellsEverybodyWhereTheAddressIs) {
    REQUIREMENT("RFC 5227 2.3",
                "An announcement is a request whose sender and target are the address");
    Network net;
    const Sent sent = only(net.router.does(
        [&](Context& c) { arp::announce(c, net.router.id_of("lan"), ip("10.0.0.1")); }));
    EXPECT_EQ(sent.interface, "lan");
    EXPECT_EQ(sent.frame.ethernet().destination, net::broadcast_mac);
    EXPECT_EQ(sent.frame.arp().operation.host(), net::arp_request);
    EXPECT_EQ(sent.frame.arp().sender_ip, sent.frame.arp().target_ip);
}

// --- what it asks

TEST_F(ArpResolve, AsksForANeighbourAndSendsThePacketWhenItAnswers) {
    REQUIREMENT("RFC 1122 2.3.2.2", "A packet waits while its next hop's address is resolved");
    const Sent asked = only(send_to("10.0.0.50"));
    EXPECT_EQ(asked.interface, "lan");
    EXPECT_TRUE(asks(asked, "10.0.0.50"));
    EXPECT_EQ(asked.frame.ethernet().destination, net::broadcast_mac);
    EXPECT_EQ(asked.frame.arp().sender_ip.host(), ip("10.0.0.1").value);
    EXPECT_TRUE(asked.frame.arp().target_mac.is_zero());
    EXPECT_EQ(net.router.pool().outstanding(), 1u);

    net.router.receives("lan", reply());
    const Sent sent = only(net.router.waits(1ms));
    EXPECT_EQ(sent.frame.ethernet().destination, stranger);
    EXPECT_EQ(sent.frame.ipv4().ttl, 63);
    EXPECT_EQ(net.router.pool().outstanding(), 0u);
    EXPECT_EQ(send_to("10.0.0.50").size(), 1u);
}

TEST_F(ArpResolve, AsksOnceASecondHoweverManyPacketsThereAre) {
    REQUIREMENT("RFC 1122 2.3.2.1", "At most one request a second is sent for one address");
    size_t requests = 0;
    for (unsigned i = 0; i < 20; ++i) requests += send_to("10.0.0.50").size();
    EXPECT_EQ(requests, 1u);
    requests = net.router.waits(900ms).size();
    EXPECT_EQ(requests, 0u);
    EXPECT_EQ(net.router.waits(200ms).size(), 1u);
}

TEST_F(ArpResolve, HoldsAFewPacketsForANeighbourTheNewestKept) {
    REQUIREMENT("RFC 1122 2.3.2.2",
                "At least the latest packet is kept while an address is resolved");
    for (uint16_t id = 0; id < 10; ++id) {
        net.router.receives("dmz", ipv4().from("172.16.0.9").to("10.0.0.50").id(id));
    }
    EXPECT_EQ(net.router.drops(DropReason::neighbour_queue_full), 2u);
    net.router.receives("lan", reply());
    const auto sent = net.router.waits(1ms);
    ASSERT_EQ(sent.size(), 8u);
    for (uint16_t i = 0; i < 8; ++i) EXPECT_EQ(sent[i].frame.ipv4().identification.host(), 2 + i);
}

TEST_F(ArpResolve, HoldsABoundedNumberOfPacketsInAll) {
    for (unsigned host = 2; host < 250; ++host) {
        for (unsigned i = 0; i < 10; ++i) send_to("10.0.0." + std::to_string(host));
    }
    EXPECT_LE(net.router.pool().outstanding(), arp::Waiting::max_packets);
    EXPECT_GT(net.router.pool().outstanding(), arp::Waiting::max_packets / 2);
    EXPECT_GT(net.router.drops(DropReason::neighbour_queue_full), 0u);
}

TEST_F(ArpResolve, HoldsTheNewestPacketEvenWhenAllRoomIsTaken) {
    for (unsigned host = 2; host < 102; ++host) {
        for (unsigned i = 0; i < 8; ++i) send_to("10.0.0." + std::to_string(host));
    }
    send_to("10.0.0.200");
    net.router.waits(1ms);
    net.router.receives("lan", reply("10.0.0.200"));
    const auto sent = net.router.waits(1ms);
    EXPECT_EQ(only(sent).frame.ipv4().destination_address(), ip("10.0.0.200"));
}

TEST_F(ArpResolve, AsksForADeadGatewayNoMoreThanOnceASecondEither) {
    EXPECT_TRUE(asks(only(send_to("10.0.0.50")), "10.0.0.50"));
    const InterfaceId lan = net.router.id_of("lan");
    const auto ask = [&](Context& c) { arp::ask_again(c, lan, ip("10.0.0.50")); };
    EXPECT_TRUE(net.router.does(ask).empty());
    net.router.context().now_ns += 1'000'000'000;
    EXPECT_TRUE(asks(only(net.router.does(ask)), "10.0.0.50"));
    EXPECT_TRUE(net.router.does(ask).empty());
}

// --- when there is far too much of it

TEST_F(ArpReceive, HearsABoundedNumberOfFramesASecond) {
    const std::vector<Bytes> flood(10'000, request());
    EXPECT_EQ(net.router.receives("lan", flood).size(), 2000u);
    EXPECT_EQ(net.router.drops(DropReason::arp_limited), 8000u);
    net.router.waits(500ms);
    EXPECT_EQ(net.router.receives("lan", flood).size(), 1000u);
    EXPECT_EQ(net.router.pool().outstanding(), 0u);
}

TEST_F(ArpReceive, AnswersOnOneInterfaceWhileAnotherIsFlooded) {
    net.router.receives("lan", std::vector<Bytes>(10'000, request()));
    EXPECT_TRUE(net.router.receives("lan", request()).empty());
    EXPECT_EQ(net.router.receives("dmz", request("172.16.0.50", "172.16.0.1")).size(), 1u);
}

TEST_F(ArpResolve, FindsItsNeighboursInAFlood) {
    send_to("10.0.0.50");
    net.router.receives("lan", std::vector<Bytes>(10'000, request("10.0.0.66")));
    net.router.receives("lan", reply());
    EXPECT_EQ(condition("10.0.0.50"), NeighbourCondition::reachable);
    net.router.receives("lan", reply());
    EXPECT_EQ(net.router.drops(DropReason::arp_limited), 8000u + 1) << "once is enough";
    EXPECT_EQ(only(net.router.waits(1ms)).frame.ipv4().destination_address(), ip("10.0.0.50"));
}

TEST_F(ArpResolve, SaysHostUnreachableAfterAFewTries) {
    REQUIREMENT("RFC 1812 3.3.2",
                "A next hop that does not answer ARP has the packet's source told: "
                "host unreachable");
    send_to("10.0.0.50");
    const auto sent = net.router.waits(4s);
    ASSERT_EQ(sent.size(), 3u);
    EXPECT_TRUE(is_error({sent[0]}, 3, 1, "172.16.0.1", "172.16.0.9"));
    EXPECT_TRUE(asks(sent[1], "10.0.0.50") && asks(sent[2], "10.0.0.50"));
    EXPECT_EQ(net.router.drops(DropReason::neighbour_failed), 1u);
    EXPECT_EQ(condition("10.0.0.50"), NeighbourCondition::failed);
    EXPECT_TRUE(happened(layout::EventKind::neighbour_failed));
    EXPECT_EQ(net.router.pool().outstanding(), 0u);
}

TEST_F(ArpResolve, DoesNotAskForAFailedNeighbourAtEveryPacket) {
    send_to("10.0.0.50");
    net.router.waits(3s);
    EXPECT_TRUE(is_error(send_to("10.0.0.50"), 3, 1, "172.16.0.1", "172.16.0.9"));
    net.router.waits(1s);
    EXPECT_TRUE(asks(only(send_to("10.0.0.50")), "10.0.0.50"));
}

TEST_F(ArpResolve, MakesAStaleNeighbourProveItselfWhilePacketsFlow) {
    REQUIREMENT("RFC 1122 2.3.2.1", "Entries that have become old are validated, by unicast first");
    net.router.waits(32s);
    EXPECT_EQ(condition("10.0.0.9"), NeighbourCondition::stale);
    const auto sent = send_to("10.0.0.9");
    ASSERT_EQ(sent.size(), 2u);
    EXPECT_TRUE(asks(sent[0], "10.0.0.9"));
    EXPECT_EQ(sent[0].frame.ethernet().destination, net.host) << "unicast";
    EXPECT_EQ(sent[1].frame.ethernet().destination, net.host);
    EXPECT_EQ(condition("10.0.0.9"), NeighbourCondition::probe);
    EXPECT_EQ(only(send_to("10.0.0.9")).frame.ipv4().ttl, 63);

    const Sent again = only(net.router.waits(1100ms));
    EXPECT_TRUE(asks(again, "10.0.0.9"));
    EXPECT_EQ(again.frame.ethernet().destination, net::broadcast_mac);
    Arp answer = reply("10.0.0.9");
    answer.sender_mac = net.host;
    net.router.receives("lan", answer);
    EXPECT_EQ(condition("10.0.0.9"), NeighbourCondition::reachable);
    EXPECT_TRUE(net.router.waits(5s).empty());
}

TEST_F(ArpResolve, GivesAStaleNeighbourUpThatDoesNotAnswer) {
    net.router.waits(32s);
    send_to("10.0.0.9");
    net.router.waits(4s);
    EXPECT_EQ(condition("10.0.0.9"), NeighbourCondition::failed);
}

TEST_F(ArpResolve, ForgetsNeighboursThatNobodyUses) {
    REQUIREMENT("RFC 1122 2.3.2.1", "Entries that are out of date are flushed");
    net.router.waits(32s);
    EXPECT_TRUE(knows_of("10.0.0.9"));
    net.router.waits(605s);
    EXPECT_FALSE(knows_of("10.0.0.9"));
}

TEST_F(ArpResolve, NeedsNoAnswerFromAStaticNeighbour) {
    net.router.apply(
        config_of({.rest = R"(, "neighbours": [ { "interface": "lan", "address": "10.0.0.60",
                                        "mac": "02:00:00:00:00:60" } ])"}));
    EXPECT_EQ(only(send_to("10.0.0.60")).frame.ethernet().destination, mac("02:00:00:00:00:60"));
    net.router.waits(700s);
    EXPECT_EQ(only(send_to("10.0.0.60")).frame.ethernet().destination, mac("02:00:00:00:00:60"));
}

TEST_F(ArpResolve, DropsWhenTheTableIsFull) {
    net.router.apply(config_of({.rest = R"(, "arp": { "max_entries": 64 })"}));
    for (unsigned host = 50; host < 150; ++host) {
        net.router.receives("lan", request(("10.0.0." + std::to_string(host)).c_str()));
    }
    EXPECT_TRUE(send_to("10.0.0.200").empty());
    EXPECT_EQ(net.router.drops(DropReason::neighbour_table_full), 1u);
    EXPECT_TRUE(happened(layout::EventKind::neighbour_table_full));
}

TEST_F(ArpResolve, GivesUpOneThatDoesNotAnswerWhenTheTableIsFull) {
    net.router.apply(config_of({.rest = R"(, "arp": { "max_entries": 64 })"}));
    for (unsigned host = 50; host < 150; ++host) {
        const auto sent = send_to(("10.0.0." + std::to_string(host)).c_str());
        ASSERT_EQ(sent.size(), 1u);
        EXPECT_TRUE(sent[0].frame.is_arp()) << sent[0].frame.describe();
        net.router.waits(1ms);
    }
    EXPECT_EQ(net.router.drops(DropReason::neighbour_table_full), 0u);
    EXPECT_LE(net.router.neighbours().count(), 64u);
}

TEST_F(ArpResolve, DropsPacketsThatWaitWhenTheLinkGoesDown) {
    send_to("10.0.0.50");
    net.router.link_down("lan");
    net.router.receives("lan", reply());
    net.router.waits(100ms);
    EXPECT_EQ(net.router.drops(DropReason::interface_down), 1u);
    EXPECT_EQ(net.router.pool().outstanding(), 0u);
}

TEST_F(ArpResolve, SendsNoRequestWithoutABuffer) {
    net.router.pool().limit_to(1);
    EXPECT_TRUE(send_to("10.0.0.50").empty());
    EXPECT_EQ(net.router.pool().outstanding(), 1u) << "the packet waits all the same";
}

TEST_F(ArpResolve, DoesNotSendToAnotherWhoGotThePlaceMeanwhile) {
    send_to("10.0.0.50");
    const uint32_t place = net.router.neighbours().find(net.router.id_of("lan"), ip("10.0.0.50"));
    NeighbourEntry& entry = net.router.neighbours().entry(place);
    entry.key.store(layout::NeighbourKey::of(net.router.id_of("lan"), ip("10.0.0.51")));
    net.router.neighbours().confirm(place, net.router.id_of("lan"), ip("10.0.0.51"), stranger, 0);
    for (const Sent& s : net.router.waits(1ms)) {
        EXPECT_NE(s.frame.ethernet().destination, stranger) << s.frame.describe();
    }
    EXPECT_EQ(net.router.drops(DropReason::neighbour_failed), 1u);
}

}  // namespace
}  // namespace sluice::test
