// SPDX-License-Identifier: BSD-3-Clause
// What is heard of hosts' memberships, what is asked, and what is told on: RFC 3376, 2236, 1112.
#include "dataplane/multicast/groups.h"
#include "test/path/multicast_network.h"

namespace sluice::test {
namespace {

using igmp::RecordType;

class Igmp : public Multicasting {
  protected:
    static bool is_member(TestRouter& router, std::string_view interface = "lan",
                          std::string_view about = group) {
        auto* m = multicast::Groups(*router.context().multicast)
                      .member(ip(about), router.id_of(interface));
        return m != nullptr && m->until_ns.load() > router.context().now_ns;
    }
    static std::vector<Sent> queries(const std::vector<Sent>& sent) {
        std::vector<Sent> found;
        for (const Sent& s : sent) {
            if (!s.frame.is_ipv4() || s.frame.ipv4().protocol != 2) continue;
            if (s.frame.ip_payload()[0] == igmp::query_type) found.push_back(s);
        }
        return found;
    }
};
TEST_BOTH_WAYS(Igmp);

TEST_P(Igmp, ReportsOfAllVersionsAreHeard) {
    REQUIREMENT("RFC 2236 2.1", "Reports of version 2, and of version 1, make a member");
    REQUIREMENT("RFC 3376 4.2.12",
                "Records that ask for a group from all sources, or from some, make a member");
    TestRouter& router = router_with();
    router.receives("lan", v2_join("239.0.0.1"));
    router.receives("lan",
                    igmp_packet(short_message(igmp::v1_report_type, "239.0.0.2"), "239.0.0.2"));
    router.receives("lan", v3_joins({record(RecordType::is_exclude, "239.0.0.3"),
                                     record(RecordType::to_exclude, "239.0.0.4", {"10.0.0.1"}),
                                     record(RecordType::is_include, "239.0.0.5", {"10.0.0.1"}),
                                     record(RecordType::to_include, "239.0.0.6", {"10.0.0.1"}, 2),
                                     record(RecordType::allow_new, "239.0.0.7", {"10.0.0.1"}),
                                     record(RecordType::is_include, "239.0.0.8"),
                                     record(RecordType{99}, "239.0.0.9")}));
    for (unsigned last = 1; last <= 9; ++last) {
        EXPECT_EQ(is_member(router, "lan", "239.0.0." + std::to_string(last)), last <= 7) << last;
    }
    EXPECT_EQ(router.all_drops(), 0u);
    EXPECT_EQ(router.pool().outstanding(), 0u);
}

TEST_P(Igmp, ReportFromAHostWithoutAnAddressIsHeard) {
    REQUIREMENT("RFC 3376 4.2.13", "A report from 0.0.0.0 is accepted");
    TestRouter& router = router_with();
    router.receives("lan", v3_joins({record(RecordType::to_exclude, group)}, "0.0.0.0"));
    EXPECT_TRUE(is_member(router));
}

TEST_P(Igmp, ReportFromAnotherNetworkIsNotBelieved) {
    REQUIREMENT("RFC 3376 9", "A report from outside the interface's network is ignored");
    TestRouter& router = router_with();
    router.receives("lan", v2_join(group, "172.16.0.9"));
    router.receives("lan", v2_join(group, "10.0.0.1"));
    EXPECT_FALSE(is_member(router));
    EXPECT_EQ(router.drops(DropReason::igmp_bad_sender), 2u);
}

TEST_P(Igmp, MembershipEndsWithTime) {
    REQUIREMENT("RFC 3376 8.4",
                "A member that is not heard of for robustness times the query interval and one "
                "response interval is none any more");
    TestRouter& router = router_with();
    router.receives("lan", v2_join());
    router.waits(259s);
    EXPECT_TRUE(is_member(router));
    EXPECT_EQ(only(router.receives("dmz", to_group())).interface, "lan");
    router.waits(2s);
    EXPECT_FALSE(is_member(router));
    EXPECT_TRUE(router.receives("dmz", to_group()).empty());
    EXPECT_EQ(multicast::Groups(*router.context().multicast).find(ip(group)), nullptr)
        << "and its place is free";
}

TEST_P(Igmp, HostsAreAskedInTurns) {
    REQUIREMENT("RFC 3376 8.6",
                "The first questions follow each other in a quarter of the interval");
    REQUIREMENT("RFC 3376 4.1",
                "A general query goes to 224.0.0.1 with time to live 1 and Router "
                "Alert, and tells robustness and interval");
    TestRouter& router = router_with(R"("lan": {}, "there": {})", R"(, "query_interval_s": 40)");
    const auto first = queries(router.waits(1s));
    const Sent sent = only(first);
    EXPECT_EQ(sent.interface, "lan");
    EXPECT_EQ(sent.frame.ethernet().destination, mac("01:00:5e:00:00:01"));
    const net::Ipv4Header& ip_header = sent.frame.ipv4();
    EXPECT_EQ(ip_header.destination_address(), ip("224.0.0.1"));
    EXPECT_EQ(ip_header.source_address(), ip("10.0.0.1"));
    EXPECT_EQ(ip_header.ttl, 1);
    EXPECT_EQ(ip_header.tos, 0xc0);
    EXPECT_EQ(Bytes(sent.frame.bytes().begin() + 34, sent.frame.bytes().begin() + 38),
              (Bytes{0x94, 4, 0, 0}));
    EXPECT_TRUE(sent.frame.checksums_hold());
    const Bytes message = sent.frame.ip_payload();
    EXPECT_EQ(message, summed({0x11, 100, 0, 0, 0, 0, 0, 0, 2, 40, 0, 0}));
    EXPECT_EQ(queries(router.waits(9s)).size(), 0u);
    EXPECT_EQ(queries(router.waits(1s)).size(), 1u) << "the second, after a quarter";
    EXPECT_EQ(queries(router.waits(39s)).size(), 0u);
    EXPECT_EQ(queries(router.waits(1s)).size(), 1u);
}

TEST_P(Igmp, WhoLeavesMakesTheOthersBeAsked) {
    REQUIREMENT("RFC 2236 3",
                "A leave makes the querier ask whether others stay, and believe they "
                "do not when nobody answers within the last member query time");
    TestRouter& router = router_with();
    router.waits(1s);
    for (const bool by_version_3 : {false, true}) {
        router.receives("lan", v2_join());
        const Sent asked = only(router.receives(
            "lan", by_version_3 ? v3_joins({record(RecordType::to_include, group)}) : v2_leave()));
        EXPECT_EQ(asked.frame.ipv4().destination_address(), ip(group));
        EXPECT_EQ(asked.frame.ip_payload(),
                  summed(Bytes{0x11, 10, 0, 0} + address_bytes(group) + Bytes{2, 125, 0, 0}));
        EXPECT_TRUE(is_member(router));
        EXPECT_TRUE(router.receives("lan", v2_leave()).empty()) << "asked already";
        EXPECT_EQ(queries(router.waits(1s)).size(), 1u) << "asked once more";
        router.waits(2s);
        EXPECT_FALSE(is_member(router));
    }
}

TEST_P(Igmp, WhoStaysIsAMemberStill) {
    TestRouter& router = router_with();
    router.waits(1s);
    router.receives("lan", v2_join());
    router.receives("lan", v2_leave(group, "10.0.0.8"));
    router.receives("lan", v2_join());
    router.waits(20s);
    EXPECT_TRUE(is_member(router));
}

TEST_P(Igmp, OldHostsDoNotLeave) {
    REQUIREMENT("RFC 2236 4", "A leave is ignored while a host of version 1 is a member");
    TestRouter& router = router_with();
    router.receives("lan", igmp_packet(short_message(igmp::v1_report_type, group), group));
    EXPECT_TRUE(router.receives("lan", v2_leave()).empty());
    router.waits(10s);
    EXPECT_TRUE(is_member(router));
}

Ipv4Builder query_from(std::string_view router, std::string_view about = "0.0.0.0") {
    return igmp_packet(short_message(igmp::query_type, about, 100),
                       about == "0.0.0.0" ? "224.0.0.1" : about, router);
}

TEST_P(Igmp, OfSeveralRoutersTheOneWithTheLowestAddressAsks) {
    REQUIREMENT("RFC 3376 6.6.2",
                "A query from a lower address ends our own, until it is not heard "
                "of for the other querier present interval");
    Network network(
        {.lan = R"(, "mtu": 1500)", .rest = R"(, "multicast": { "interfaces": { "dmz": {} } })"});
    TestRouter& router = network.router;
    use_way(router);
    router.waits(1s);
    router.receives("dmz", query_from("172.16.0.9"));
    EXPECT_EQ(queries(router.waits(32s)).size(), 1u) << "a higher one does not";
    router.receives("dmz", query_from("0.0.0.0"));
    EXPECT_EQ(queries(router.waits(125s)).size(), 1u) << "nor one without an address";

    Network lower({.rest = R"(, "multicast": { "interfaces": { "wan": {} } })"});
    use_way(lower.router);
    lower.router.waits(1s);
    lower.router.receives("wan", query_from("203.0.113.1"));
    EXPECT_EQ(queries(lower.router.waits(250s)).size(), 0u);
    lower.router.receives("wan", v2_join(group, "203.0.113.1"));
    EXPECT_TRUE(lower.router.receives("wan", v2_leave(group, "203.0.113.1")).empty());
    EXPECT_TRUE(is_member(lower.router, "wan")) << "who does not ask leaves it to who does";
    lower.router.receives("wan", query_from("203.0.113.1", group));
    lower.router.waits(4s);
    EXPECT_FALSE(is_member(lower.router, "wan"));
    EXPECT_GE(queries(lower.router.waits(380s)).size(), 1u) << "the other is gone";
}

TEST_P(Igmp, WhatIsNotWholeOrNotTrueIsRefused) {
    REQUIREMENT("RFC 3376 4.1.2", "A message whose checksum is wrong is dropped");
    TestRouter& router = router_with();
    const Bytes join = short_message(igmp::v2_report_type, group);
    const Bytes records =
        v3_report({record(RecordType::to_exclude, "239.0.0.1"),
                   record(RecordType::to_exclude, group, {"10.0.0.1", "10.0.0.2"}, 1)});
    unsigned refused = 0;
    const auto refuses = [&](const Ipv4Builder& packet, const char* why) {
        EXPECT_TRUE(router.receives("lan", packet).empty());
        EXPECT_EQ(router.drops(DropReason::igmp_malformed), ++refused) << why;
    };
    Bytes wrong = join;
    wrong[2] ^= 1;
    refuses(igmp_packet(wrong, group), "checksum");
    refuses(igmp_packet(join, group).ttl(2), "time to live");
    refuses(igmp_packet(join, "239.9.9.9"), "another destination");
    refuses(igmp_packet(join, group).fragment(0, true), "fragment");
    refuses(igmp_packet(summed(join + Bytes(4)), group), "longer than version 2");
    refuses(igmp_packet(short_message(igmp::v2_report_type, "10.0.0.1"), "224.0.0.1"), "no group");
    refuses(igmp_packet(short_message(igmp::leave_type, group), "224.0.0.1"), "leave to hosts");
    refuses(igmp_packet(short_message(igmp::query_type, "10.0.0.7"), "224.0.0.1"), "query of none");
    refuses(igmp_packet(summed(short_message(igmp::query_type, group) + Bytes(2)), group),
            "query of no version");
    refuses(igmp_packet(records, "224.0.0.1"), "report to hosts");
    refuses(v3_joins({record(RecordType::to_exclude, "239.0.0.1"),
                      record(RecordType::to_exclude, "10.0.0.1")}),
            "a record of no group");
    for (size_t length = 0; length < records.size(); ++length) {
        Bytes cut(records.begin(), records.begin() + static_cast<long>(length));
        refuses(igmp_packet(length < 4 ? cut : summed(cut), "224.0.0.22"), "cut short");
    }
    EXPECT_FALSE(is_member(router));
    EXPECT_FALSE(is_member(router, "lan", "239.0.0.1"))
        << "a report is believed whole or not at all";
    EXPECT_EQ(router.pool().outstanding(), 0u);
}

TEST_P(Igmp, OtherKindsOfMessageAreIgnored) {
    REQUIREMENT("RFC 2236 2.1", "Messages of unknown types are ignored");
    TestRouter& router = router_with();
    router.receives("lan", igmp_packet(short_message(0x13, group), "224.0.0.4"));
    EXPECT_EQ(router.drops(DropReason::igmp_ignored), 1u);
}

TEST_P(Igmp, GroupsOfOneLinkTakeNoPlace) {
    TestRouter& router = router_with();
    router.receives("lan", v2_join("224.0.0.251"));
    EXPECT_EQ(multicast::Groups(*router.context().multicast).find(ip("224.0.0.251")), nullptr);
    EXPECT_EQ(router.all_drops(), 0u);
}

TEST_P(Igmp, HostsCanNotJoinWithoutEnd) {
    TestRouter& router =
        router_with(R"("lan": { "max_groups": 3 }, "dmz": {})", R"(, "max_groups": 5)");
    for (int i = 1; i <= 4; ++i) router.receives("lan", v2_join("239.0.0." + std::to_string(i)));
    EXPECT_EQ(router.drops(DropReason::igmp_interface_full), 1u);
    for (int i = 3; i <= 7; ++i) {
        router.receives("dmz", v2_join("239.0.0." + std::to_string(i), "172.16.0.9"));
    }
    EXPECT_EQ(router.drops(DropReason::igmp_groups_full), 2u);
    router.receives("lan", v2_join("239.0.0.1"));
    EXPECT_EQ(router.drops(DropReason::igmp_interface_full), 1u) << "who is in stays in";
    router.waits(300s);
    router.receives("lan", v2_join("239.0.0.9"));
    EXPECT_TRUE(is_member(router, "lan", "239.0.0.9")) << "places are free again";
}

TEST_P(Igmp, FloodOfMessagesIsHeardInPart) {
    TestRouter& router = router_with();
    for (int i = 0; i < 600; ++i) router.receives("lan", v2_join());
    EXPECT_EQ(router.drops(DropReason::igmp_limited), 100u);
}

// The records that one who is told gets.
Bytes told_by(const Sent& sent) {
    const Frame inside = taken_out(sent.frame, 24);
    EXPECT_EQ(inside.ipv4().destination_address(), ip("224.0.0.22"));
    EXPECT_EQ(inside.ipv4().ttl, 1);
    EXPECT_TRUE(inside.checksums_hold());
    return inside.ip_payload();
}

TEST_P(Igmp, OtherEndsOfTunnelsAreToldWhoHasJoinedAndLeft) {
    REQUIREMENT("RFC 4605 4.1",
                "Members here are told upstream, of a tunnel its other end, as a "
                "host tells its own");
    TestRouter& router = router_with(R"("lan": {}, "dmz": {}, "there": {})");
    router.waits(1s);
    EXPECT_EQ(told_by(only(router.receives("lan", v2_join()))),
              v3_report({record(RecordType::to_exclude, group)}));
    EXPECT_TRUE(router.receives("lan", v2_join()).empty()) << "no news";
    router.waits(10s);
    EXPECT_EQ(router.receives("lan", v2_join()).size(), 1u) << "told again, that it stays believed";
    EXPECT_EQ(router.receives("dmz", v2_join(group, "172.16.0.9")).size(), 1u);
    router.receives("lan", v2_leave());
    for (const Sent& s : router.waits(4s)) {
        EXPECT_NE(s.interface, "wan") << "somebody is still a member";
    }
    router.receives("dmz", v2_leave(group, "172.16.0.9"));
    std::vector<Bytes> told;
    for (const Sent& s : router.waits(4s)) {
        if (s.interface == "wan") told.push_back(told_by(s));
    }
    EXPECT_EQ(told, std::vector<Bytes>{v3_report({record(RecordType::to_include, group)})});
}

TEST_P(Igmp, OtherEndOfATunnelThatAsksIsToldAll) {
    TestRouter& router = router_with(R"("lan": {}, "there": {})");
    router.waits(1s);
    router.receives("lan", v2_join("239.0.0.1"));
    router.receives("lan", v2_join("239.0.0.2"));
    const auto question = from_there(plain_gre, ip_bytes(query_from("172.31.0.2")));
    const Bytes told = told_by(only(router.receives("wan", question)));
    EXPECT_EQ(told.size(), 8u + 2 * 8);
    EXPECT_TRUE(router.receives("wan", question).empty()) << "at most once a second";
}

TEST_P(Igmp, MembershipsOutliveTheDataplane) {
    TestRouter& router = router_with();
    router.receives("lan", v2_join());
    router.start_anew();
    EXPECT_EQ(only(router.receives("dmz", to_group())).interface, "lan");
}

}  // namespace
}  // namespace sluice::test
