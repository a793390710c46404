// SPDX-License-Identifier: BSD-3-Clause
// The fast way through tunnels does nothing that the plain way would not do: the same random
// bursts through a router with it and one without. And it is really taken.
#include <algorithm>
#include <random>

#include "test/path/tunnel_network.h"

namespace sluice::test {
namespace {

const TunnelWishes wishes{
    .there = R"("type": "gre", "key": 9)",
    .other = R"("type": "ipip", "ttl": "inherit", "dscp": 12, "dont_fragment": "clear" },
        "third": { "type": "gre", "local": "203.0.113.2", "remote": "198.51.100.11",
                   "any_remote": true, "dont_fragment": "set", "clamp_mss": false },
        "summed": { "type": "gre", "local": "203.0.113.2", "remote": "198.51.100.12",
                    "checksum": true },
        "boxed": { "type": "gre", "local": "203.0.113.2", "remote": "198.51.100.14",
                   "udp_port": 4754, "key": 5, "ttl": "inherit" },
        "plain_box": { "type": "gre", "local": "203.0.113.2", "remote": "198.51.100.14",
                       "udp_port": 4755, "any_remote": true)",
    .routes = R"(, { "prefix": "10.11.0.0/16", "interface": "third" },
                 { "prefix": "10.12.0.0/16", "interface": "summed" },
                 { "prefix": "10.14.0.0/16", "interface": "boxed" },
                 { "prefix": "10.15.0.0/16", "interface": "plain_box" },
                 { "prefix": "10.13.0.0/16", "via": ["172.16.0.9", "10.0.0.9"] },
                 { "prefix": "198.51.100.11/32", "via": ["203.0.113.1", "172.16.0.9"] })",
    .rest = R"(, "icmp": { "errors_per_second": 100000, "errors_per_source_per_second": 100000 })"};

std::string config() { return config_of(with_tunnels(wishes)); }

class Packets {
  public:
    explicit Packets(unsigned seed) : random_(seed) {}
    unsigned below(unsigned n) { return static_cast<unsigned>(random_() % n); }
    bool one_in(unsigned n) { return below(n) == 0; }

    Bytes leaving() {
        return body(
            ipv4().to("10." + std::to_string(9 + below(7)) + ".0." + std::to_string(below(3))));
    }
    Bytes arriving() {
        const Bytes packet = ip_bytes(inner_packet());
        Ipv4Builder outer = ipv4()
                                .from("198.51.100." + std::to_string(9 + below(6)))
                                .to("203.0.113.2")
                                .ttl(static_cast<uint8_t>(one_in(10) ? below(3) : 60))
                                .tos(static_cast<uint8_t>(below(4)));
        if (one_in(3)) {
            outer.udp(static_cast<uint16_t>(random_()), static_cast<uint16_t>(4753 + below(4)))
                .payload((one_in(2) ? words({0x2000, 0x0800, 0, 5}) : gre()) + packet);
            if (!one_in(4)) outer.no_transport_checksum();
        } else if (one_in(3)) {
            outer.protocol(ipip_protocol).payload(packet);
        } else {
            outer.protocol(gre_protocol).payload(gre() + packet);
        }
        if (one_in(8)) outer.padding(below(30));
        Bytes frame = outer;
        if (one_in(10)) frame.resize(14 + 20 + below(static_cast<unsigned>(frame.size() - 34)));
        const auto behind_ip = static_cast<unsigned>(frame.size() - 34);
        if (one_in(6) && behind_ip > 0) {
            frame[34 + below(40) % behind_ip] ^= static_cast<uint8_t>(1u << below(8));
        }
        return frame;
    }

  private:
    Bytes gre() {
        switch (below(6)) {
            case 0: return words({0x2000, 0x0800, 0, 9});
            case 1: return words({0x2000, 0x0800, 0, static_cast<uint16_t>(below(3))});
            case 2: return words({0x1000, 0x0800, 0, 1});
            case 3: return words({static_cast<uint16_t>(below(0x10000)), 0x0800});
            default: return plain_gre;
        }
    }
    Bytes inner_packet() {
        if (one_in(12)) return from_other(ip_bytes(body(inner())));
        if (one_in(12)) return body(inner().to("198.51.100." + std::to_string(9 + below(6))));
        return body(inner().to(one_in(3) ? "10.10.0.7" : "10.0.0.9"));
    }
    Bytes body(Ipv4Builder b) {
        b.tos(static_cast<uint8_t>(random_()))
            .ttl(static_cast<uint8_t>(one_in(10) ? below(3) : 64));
        b.payload(one_in(6) ? 1400 + below(90) : below(60));
        if (one_in(3)) b.udp(static_cast<uint16_t>(below(50)), 53);
        if (one_in(4)) b.tcp(1000, 80, one_in(2) ? 0x02 : 0x10);
        if (one_in(3)) b.dont_fragment();
        if (one_in(12)) b.fragment(8 * below(9), one_in(2));
        if (one_in(12)) b.options({7, 7, 4, 0, 0, 0, 0});
        if (one_in(10)) b.from("172.16.0." + std::to_string(below(3)));
        if (one_in(12)) b.from("198.51.100." + std::to_string(9 + below(6)));
        return b;
    }
    std::mt19937 random_;
};

struct Pair {
    Pair() {
        plain.use_plain_way_only();
        for (TestRouter* r : {&fast, &plain}) {
            r->knows("lan", "10.0.0.9", mac("02:00:00:00:00:99"));
            r->knows("dmz", "172.16.0.9", mac("02:00:00:00:02:09"));
            r->knows("wan", "203.0.113.1", mac("02:00:00:00:01:01"));
        }
    }
    TestRouter fast{config()}, plain{config()};
};

// The router numbers its own packets as it makes them: outer ones, and ICMP errors. The fast way
// makes a burst's in another order.
void forget_number(Bytes& frame, size_t at) {
    if (frame.size() < at + 20) return;
    auto& header = *reinterpret_cast<net::Ipv4Header*>(frame.data() + at);
    EXPECT_TRUE(net::checksum_holds(&header, 20)) << Frame(frame).describe();
    header.identification = header.checksum = net::be16(0);
}

std::string comparable(const Sent& sent) {
    Bytes frame = sent.frame.bytes();
    const uint8_t protocol = sent.frame.ipv4().protocol;
    const bool tunnelled = sent.frame.ipv4().source_address() == ip("203.0.113.2") && protocol != 1;
    size_t inner_at = 14;
    if (tunnelled && protocol == 17) {
        inner_at += frame.at(42) == 0x20 ? 36 : 32;
    } else if (tunnelled) {
        inner_at += protocol == ipip_protocol ? 20 : frame.at(34) == 0x20 ? 28 : 24;
    }
    if (tunnelled) forget_number(frame, 14);
    if (frame.size() > inner_at + 20 && frame.at(inner_at + 9) == 1) forget_number(frame, inner_at);
    return sent.interface + ":" + std::string(frame.begin(), frame.end());
}

std::vector<std::string> comparable(const std::vector<Sent>& sent) {
    std::vector<std::string> all;
    for (const Sent& s : sent) all.push_back(comparable(s));
    std::sort(all.begin(), all.end());
    return all;
}

void expect_same_counts(Pair& pair, unsigned seed) {
    for (unsigned r = 0; r < layout::drop_reason_count; ++r) {
        EXPECT_EQ(pair.fast.drops(DropReason{static_cast<uint8_t>(r)}),
                  pair.plain.drops(DropReason{static_cast<uint8_t>(r)}))
            << layout::drop_reason_texts[r].name << ", seed " << seed;
    }
    for (unsigned i = 0; i < layout::max_ports + 8; ++i) {
        const auto& a = pair.fast.context().counters.interfaces[i];
        const auto& b = pair.plain.context().counters.interfaces[i];
        EXPECT_EQ(a.tx_packets.get(), b.tx_packets.get()) << i << ", seed " << seed;
        EXPECT_EQ(a.tx_bytes.get(), b.tx_bytes.get()) << i;
        if (i < layout::max_ports) continue;  // run_plain() does not count what ports receive
        EXPECT_EQ(a.rx_packets.get(), b.rx_packets.get()) << i;
        EXPECT_EQ(a.rx_bytes.get(), b.rx_bytes.get()) << i;
    }
}

TEST(TunnelFastWay, DoesWhatThePlainWayDoes) {
    for (unsigned seed = 1; seed <= 20; ++seed) {
        Pair pair;
        Packets packets(seed);
        for (unsigned round = 0; round < 60; ++round) {
            const bool out = packets.one_in(2);
            std::vector<Bytes> burst;
            for (unsigned n = 1 + packets.below(64); n > 0; --n) {
                burst.push_back(pair.fast.addressed(out ? "lan" : "wan",
                                                    out ? packets.leaving() : packets.arriving()));
            }
            const auto by = out ? "lan" : "wan";
            ASSERT_EQ(comparable(pair.fast.receives(by, burst)),
                      comparable(pair.plain.receives(by, burst)))
                << "seed " << seed << ", round " << round;
        }
        expect_same_counts(pair, seed);
        EXPECT_EQ(pair.fast.pool().outstanding(), pair.plain.pool().outstanding());
        if (HasFailure()) return;
    }
}

TEST(TunnelFastWay, IsTakenBothWays) {
    Network network(with_tunnels({.there = R"("type": "gre", "key": 9)"}));
    TestRouter& router = network.router;
    const auto plain = [&] { return router.context().stage(layout::Stage::plain).packets.get(); };
    EXPECT_EQ(only(router.receives("lan", ipv4().to("10.9.0.5").udp(1, 2))).interface, "wan");
    EXPECT_EQ(only(router.receives("lan", ipv4().to("10.10.0.5").tcp(1, 2))).interface, "wan");
    const Bytes packet = ip_bytes(inner().udp(1, 2));
    EXPECT_EQ(
        only(router.receives("wan", from_there(words({0x2000, 0x0800, 0, 9}), packet))).interface,
        "lan");
    EXPECT_EQ(only(router.receives("wan", from_other(packet))).interface, "lan");
    EXPECT_EQ(plain(), 0u);
}

TEST(TunnelFastWay, IsTakenByGreInUdp) {
    Network network(with_tunnels({.there = R"("type": "gre", "udp_port": 4754, "key": 9)"}));
    TestRouter& router = network.router;
    EXPECT_EQ(only(router.receives("lan", ipv4().to("10.9.0.5").udp(1, 2))).interface, "wan");
    const Bytes packet = words({0x2000, 0x0800, 0, 9}) + ip_bytes(inner().udp(1, 2));
    EXPECT_EQ(only(router.receives("wan", ipv4()
                                              .from("198.51.100.9")
                                              .to("203.0.113.2")
                                              .udp(50000, 4754)
                                              .payload(packet)
                                              .no_transport_checksum()))
                  .interface,
              "lan");
    EXPECT_EQ(router.context().stage(layout::Stage::plain).packets.get(), 0u);
}

}  // namespace
}  // namespace sluice::test
