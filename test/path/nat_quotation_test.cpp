// SPDX-License-Identifier: BSD-3-Clause
// ICMP errors that quote packets of every protocol, cut at every length: what reaches the host
// inside quotes what it has sent, byte by byte as far as the quotation goes.
#include "lib/net/checksum.h"
#include "test/path/nat_network.h"

namespace sluice::test {
namespace {

struct Quoted {
    const char* name;
    Ipv4Builder packet;
    size_t least;         // bytes of the packet by which its session is found
    size_t checksum = 0;  // where it lies, if addresses or ports change it
};

std::vector<Quoted> all_protocols() {
    const Bytes data{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
    return {{"tcp", ipv4().to(remote).tcp(4000, 80, 2).payload(data), 24, 36},
            {"udp", ipv4().to(remote).udp(4000, 53).payload(data), 24, 26},
            {"udp without a checksum",
             ipv4().to(remote).udp(4001, 53).payload(data).no_transport_checksum(), 24},
            {"icmp query", echo(8, 77, data).to(remote), 28},
            {"gre", ipv4().to(remote).protocol(47).payload(data), 20},
            {"sctp", ipv4().to(remote).protocol(132).payload(data), 20},
            {"dccp", ipv4().to(remote).protocol(33).payload(Bytes(24, 5)), 20, 26},
            {"one that nobody knows", ipv4().to(remote).protocol(253).payload(data), 20}};
}

// A hop further, as a router outside has seen it.
Bytes aged(Bytes packet) {
    auto& ip = *reinterpret_cast<net::Ipv4Header*>(packet.data());
    --ip.ttl;
    net::fill_checksum(ip);
    return packet;
}
Bytes cut(const Bytes& bytes, size_t length) {
    return {bytes.begin(), bytes.begin() + static_cast<long>(length)};
}

class NatQuotations : public NatBothWays {};
TEST_BOTH_WAYS(NatQuotations);

TEST_P(NatQuotations, OfEveryProtocolCutAtEveryLengthAreWhatTheHostHasSent) {
    REQUIREMENT("RFC 5508 REQ-4", "The quoted packet is translated back, as far as it is quoted");
    for (const Quoted& q : all_protocols()) {
        const auto net = with_source_rule();
        const Bytes sent = q.packet.build();
        const Bytes seen_outside = packet_in(only(net->router.receives("lan", sent)).frame.bytes());
        const Bytes seen_inside = aged(packet_in(sent));
        for (size_t length = 0; length <= seen_outside.size(); ++length) {
            const auto error = ipv4()
                                   .from("192.0.2.77")
                                   .to(outside)
                                   .icmp(11, 0)
                                   .payload(cut(seen_outside, length));
            const auto arrived = net->router.receives("wan", error);
            if (length < q.least) {
                ASSERT_TRUE(arrived.empty()) << q.name << " cut to " << length;
                continue;
            }
            const Sent told = only(arrived);
            ASSERT_EQ(told.interface, "lan") << q.name << " cut to " << length;
            ASSERT_EQ(destination_of(told), inside);
            // Half a checksum says nothing, and stays.
            const size_t sure = length == q.checksum + 1 ? length - 1 : length;
            ASSERT_EQ(cut(told.frame.quoted(), sure), cut(seen_inside, sure)) << q.name;
            ASSERT_TRUE(told.frame.checksums_hold()) << q.name << " cut to " << length;
        }
        EXPECT_EQ(net->router.pool().outstanding(), 0U);
    }
}

// What a stranger makes up: nothing that is quoted is believed further than it goes.
TEST_P(NatQuotations, WithAnyLengthInTheirHeaderAreReadNoFurtherThanTheyGo) {
    for (const Quoted& q : all_protocols()) {
        const auto net = with_source_rule();
        const Bytes whole =
            packet_in(only(net->router.receives("lan", q.packet.build())).frame.bytes());
        for (unsigned words = 0; words < 16; ++words) {
            for (size_t length = 0; length <= whole.size(); ++length) {
                Bytes quoted = whole;
                auto& ip = *reinterpret_cast<net::Ipv4Header*>(quoted.data());
                ip.version_and_length = static_cast<uint8_t>(0x40 | words);
                ip.checksum = net::be16(0);
                if (words * 4 <= length && words >= 5) {
                    ip.checksum = net::checksum_of(net::sum_words(quoted.data(), words * 4));
                }
                const auto arrived = net->router.receives(
                    "wan",
                    ipv4().from("192.0.2.77").to(outside).icmp(3, 4).payload(cut(quoted, length)));
                for (const Sent& s : arrived) {
                    ASSERT_TRUE(s.frame.checksums_hold())
                        << q.name << " " << words << " " << length;
                    ASSERT_EQ(s.frame.quoted().size(), length);
                }
            }
        }
        EXPECT_EQ(net->router.pool().outstanding(), 0U);
    }
}

}  // namespace
}  // namespace sluice::test
