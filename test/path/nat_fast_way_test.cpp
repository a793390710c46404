// SPDX-License-Identifier: BSD-3-Clause
// With a NAT too, the fast way does nothing that the plain way would not do (two_nats.h): whole
// bursts in which flows begin, go on and end on either side, with errors about them, fragments,
// packets whose time is over, and packets that are cut or false.
#include <deque>
#include <optional>

#include "test/path/two_nats.h"

namespace sluice::test {
namespace {

class NatFastWay : public ::testing::TestWithParam<uint32_t> {
  protected:
    std::string inside_host() { return "10.0.0." + std::to_string(2 + dice.below(9)); }
    std::string far_host() { return "192.0.2." + std::to_string(1 + dice.below(5)); }
    std::string external_host() {
        return dice.of<std::string>({"203.0.113.2", "203.0.113.2", "203.0.113.64", "203.0.113.65",
                                     "203.0.113.73", "203.0.113.80", "203.0.113.81"});
    }
    uint16_t port() { return static_cast<uint16_t>(5000 + dice.below(5)); }

    Ends new_flow(bool from_inside) {
        Ends e;
        e.protocol = dice.of<uint8_t>({udp, udp, tcp, tcp, tcp, icmp, gre});
        e.from = from_inside ? inside_host() : far_host();
        e.to = from_inside && !dice.one_in(6) ? far_host() : external_host();
        if (e.protocol == gre) return e;
        e.from_port = port();
        if (e.protocol != icmp) {
            e.to_port = dice.of<uint16_t>(
                {80, port(), port(), static_cast<uint16_t>(2000 + dice.below(256))});
        }
        return e;
    }
    uint8_t flags() {
        return dice.of<uint8_t>({syn, ack, ack, ack, ack, syn | ack, fin | ack, rst, rst | ack});
    }
    // What left before comes back, or goes once more where it came from.
    std::optional<Ends> known_flow(const std::string& interface) {
        const auto& flows = seen[interface];
        if (flows.empty()) return {};
        const Ends e = flows[dice.below(static_cast<unsigned>(flows.size()))];
        // Two flows that leave as one, as they go to a host by either address, keep no order.
        if (interface == "wan" && e.to.starts_with("10.")) return {};
        return e;
    }
    Bytes error_about(const Ends& e) {
        const Bytes quoted = packet_in(packet_of(e.turned(), ack, dice));
        const size_t length = dice.one_in(2) ? 28 : 20 + dice.below(60);
        Ipv4Builder b;
        b.from(dice.one_in(2) ? e.from : far_host())
            .to(e.to)
            .icmp(3, static_cast<uint8_t>(dice.below(5)));
        return b.payload(Bytes(
            quoted.begin(), quoted.begin() + static_cast<long>(std::min(length, quoted.size()))));
    }
    Bytes spoilt(Bytes frame) {
        if (dice.one_in(2)) {
            frame[24] ^= 0x55;  // the header's checksum
        } else {
            frame.resize(14 + dice.below(static_cast<unsigned>(frame.size() - 14)));
        }
        return frame;
    }
    Bytes in_fragments(const Ends& e) {
        Ipv4Builder b = ipv4().from(e.from).to(e.to).id(static_cast<uint16_t>(dice.below(4)));
        if (e.protocol == udp) b.udp(e.from_port, e.to_port);
        if (e.protocol == tcp) b.tcp(e.from_port, e.to_port);
        if (e.protocol == icmp || e.protocol == gre) b.protocol(e.protocol);
        const bool first = dice.one_in(2);
        if (!first) b.protocol(e.protocol);
        return b.payload(size_t{64})
            .fragment(first ? 0 : 8 * (1 + dice.below(9)), first || dice.one_in(2));
    }
    Bytes any_packet(const std::string& interface) {
        const auto known = known_flow(interface);
        if (!known || dice.one_in(5)) return packet_of(new_flow(interface == "lan"), syn, dice);
        switch (dice.below(16)) {
            case 0: return error_about(*known);
            case 1: return spoilt(packet_of(*known, ack, dice));
            case 2: return in_fragments(*known);
            case 3:
                return ipv4()
                    .from(known->from)
                    .to(known->to)
                    .ttl(1)
                    .udp(known->from_port, known->to_port);
            default: return packet_of(*known, flags(), dice);
        }
    }
    void remember(const std::string& in, const std::vector<Bytes>& burst,
                  const std::vector<Sent>& sent) {
        const auto keep = [&](const std::string& interface, const Ends& e) {
            auto& flows = seen[interface];
            flows.push_back(e);
            if (flows.size() > 40) flows.pop_front();
        };
        for (const Sent& s : sent) {
            if (!s.frame.is_ipv4() || s.frame.ipv4().is_fragment() || s.frame.size() < 42) continue;
            if (s.frame.ipv4().protocol == icmp && s.frame.icmp().type != 8) continue;
            keep(s.interface, ends_of(s).turned());
        }
        for (const Bytes& frame : burst) {
            const Frame f(frame);
            if (frame.size() < 42 || frame.size() < 14u + f.ipv4().total_length.host() ||
                f.ipv4().protocol == icmp || f.ipv4().is_fragment())
                continue;
            if (dice.one_in(2)) keep(in, ends_of({in, f}));
        }
    }
    void send_a_burst() {
        const std::string interface = dice.one_in(2) ? "lan" : "wan";
        std::vector<Bytes> burst(1 + dice.below(64));
        for (Bytes& frame : burst) frame = any_packet(interface);
        const size_t piece = dice.one_in(6) ? 54 + dice.below(100) : size_t{HeapPool::room};
        remember(interface, burst, nats.receive_in_pieces(interface, burst, piece));
    }

    Dice dice{GetParam()};
    std::string rules = random_rules(dice);
    TwoNats nats{rules};
    std::map<std::string, std::deque<Ends>> seen;
};
INSTANTIATE_TEST_SUITE_P(Seeds, NatFastWay, ::testing::Range(1u, 31u));

TEST_P(NatFastWay, EqualsThePlainWayPacketByPacketAndCountByCount) {
    for (unsigned i = 0; i < 150 && !HasFailure(); ++i) {
        send_a_burst();
        if (i % 10 == 9) nats.check();
        if (i % 30 == 29) nats.wait(std::chrono::seconds(dice.of<int>({1, 10, 70, 310})));
        if (i % 70 == 69) nats.restart();
    }
    if (HasFailure()) FAIL() << rules;
    nats.wait(8000s);
    nats.wait(10s);  // for hosts that were asked whether they still have a connection
    nats.check();
    EXPECT_GT(nats.router().tally(layout::Tally::nat_sessions_made), 100u);
    EXPECT_EQ(nats.router().tally(layout::Tally::nat_sessions_made),
              nats.router().tally(layout::Tally::nat_sessions_ended));
}

}  // namespace
}  // namespace sluice::test
