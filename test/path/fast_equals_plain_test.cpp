// SPDX-License-Identifier: BSD-3-Clause
// The fast way does nothing that the plain way would not do: two routers of one configuration, one
// with the fast way and one without, get the same bursts of random packets, and what leaves them
// and what they count is the same.
//
// The fast way may see to a burst's plain packets after the others, so that frames are compared
// without regard to order, and then the order within each flow. For the same reason two things
// are kept out of the packets, since for them the order of a whole burst decides what happens:
// sources whose errors would wait for a neighbour, and packets that only the plain way takes
// (options, padded chains) to neighbours for which packets wait.
#include <map>
#include <random>
#include <set>

#include "lib/net/checksum.h"
#include "test/path/network.h"

namespace sluice::test {
namespace {

constexpr auto the_config = R"({
  "interfaces": {
    "a": { "device": "net_null0", "addresses": ["10.1.0.1/16", "10.9.0.1/24"], "mtu": 9001 },
    "b": { "device": "net_null1", "addresses": ["10.2.0.1/16"], "redirects": false },
    "c": { "device": "net_null2", "addresses": ["10.3.0.1/16"], "mtu": 600,
           "reverse_path": "strict", "source_routing": true },
    "d": { "device": "net_null3", "addresses": ["10.4.0.1/16"], "reverse_path": "loose",
           "directed_broadcast": true }
  },
  "routes": [
    { "prefix": "20.0.0.0/8", "via": "10.1.0.2" },
    { "prefix": "20.1.0.0/16", "via": "10.2.0.2" },
    { "prefix": "20.1.1.0/24", "via": "10.3.0.2" },
    { "prefix": "20.1.1.128/27", "via": "10.4.0.2" },
    { "prefix": "20.2.0.0/16", "type": "blackhole" },
    { "prefix": "20.3.0.0/16", "type": "unreachable" },
    { "prefix": "20.4.0.0/16", "type": "prohibit" },
    { "prefix": "20.5.0.0/16", "via": ["10.1.0.2", "10.2.0.2", "10.3.0.2", "10.4.0.2"] },
    { "prefix": "20.6.0.0/16", "via": ["10.2.0.2", "10.2.0.3"] },
    { "prefix": "20.7.0.0/16", "via": "10.2.0.77" },
    { "prefix": "20.8.0.0/16", "interface": "b" },
    { "prefix": "20.9.0.0/16", "via": ["10.1.0.250", "10.2.0.250", "10.3.0.250", "10.4.0.250"] }
  ],
  "neighbours": [
    { "interface": "a", "address": "10.1.0.250", "mac": "02:00:00:00:01:fa" },
    { "interface": "b", "address": "10.2.0.250", "mac": "02:00:00:00:02:fa" },
    { "interface": "c", "address": "10.3.0.250", "mac": "02:00:00:00:03:fa" },
    { "interface": "d", "address": "10.4.0.250", "mac": "02:00:00:00:04:fa" }
  ],
  "icmp": { "errors_per_second": 100000, "errors_per_source_per_second": 100000 }
})";
constexpr const char* interfaces[] = {"a", "b", "c", "d"};

class RandomPackets {
  public:
    explicit RandomPackets(uint32_t seed) : random_(seed) {}

    unsigned below(unsigned n) { return static_cast<unsigned>(random_() % n); }
    bool one_in(unsigned n) { return below(n) == 0; }

    struct Packet {
        Bytes frame;
        size_t piece;  // of the buffers it comes in
    };
    Packet packet(uint16_t id) {
        const size_t payload = size();
        const bool in_pieces = one_in(16) || payload > 2000, padded = one_in(8),
                   mutated = one_in(10);
        Ipv4Builder b = ipv4();
        const bool with_options = one_in(16);
        const bool plain = with_options || (in_pieces && (padded || mutated));
        b.id(id).from(source()).to(plain ? known() : destination()).ttl(ttl()).payload(payload);
        if (one_in(3)) b.udp(static_cast<uint16_t>(below(9)), static_cast<uint16_t>(below(9)));
        if (one_in(6)) b.tcp(static_cast<uint16_t>(below(9)), 80);
        if (one_in(12)) b.echo_request(1, 1);
        if (one_in(20)) b.icmp(static_cast<uint8_t>(below(20)), 0);
        if (one_in(4)) b.dont_fragment();
        if (one_in(16)) b.fragment(below(200) * 8, one_in(2));
        if (with_options) b.options(options());
        if (padded) b.padding(below(40));
        // A packet that the fast way must leave, though another of its flow it takes, would be
        // overtaken; so these are flows of their own.
        if (in_pieces && padded) b.protocol(99);
        if (one_in(40)) b.to_mac(one_in(2) ? net::broadcast_mac : mac("02:5a:00:00:00:02"));
        Bytes frame = b;
        if (mutated) mutate(frame);
        return {frame, in_pieces ? 34 + below(400) : HeapPool::room};
    }

  private:
    // Who is a static neighbour, or behind one.
    std::string known() {
        return one_in(2) ? "10." + std::to_string(1 + below(4)) + ".0.250"
                         : "20.9." + std::to_string(below(9)) + "." + std::to_string(below(9));
    }
    std::string source() { return one_in(12) ? special() : one_in(12) ? "30.0.0.1" : known(); }
    std::string destination() {
        const auto last = [&] {
            return "." + std::to_string(below(4)) + "." + std::to_string(below(6));
        };
        switch (below(14)) {
            case 0: return "20." + std::to_string(below(10)) + last();
            case 1: return "10." + std::to_string(1 + below(4)) + last();
            case 2: return one_in(6) ? special() : "20.1.1." + std::to_string(120 + below(40));
            case 3:
                return "10." + std::to_string(1 + below(4)) + ".0." + std::to_string(2 + below(3));
            case 4: return "20.5." + std::to_string(below(256)) + "." + std::to_string(below(256));
            case 5: return one_in(4) ? "30.0.0.1" : "20.8.0." + std::to_string(below(5));
            default:
                return "20." + std::to_string(below(8)) + "." + std::to_string(below(3)) + ".1";
        }
    }
    std::string special() {
        const char* all[] = {"0.0.0.0",      "127.0.0.1", "224.0.0.1",    "255.255.255.255",
                             "10.1.255.255", "10.2.0.0",  "10.4.255.255", "10.9.0.255",
                             "10.9.0.0",     "10.1.0.1",  "10.9.0.1",     "240.0.0.1"};
        return all[below(std::size(all))];
    }
    uint8_t ttl() { return static_cast<uint8_t>(one_in(8) ? below(3) : 64); }
    size_t size() {
        if (one_in(10)) return 570 + below(20);
        if (one_in(10)) return 1470 + below(20);
        if (one_in(30)) return 2500;
        return 8 + below(80);
    }
    Bytes options() {
        const Bytes all[] = {{1, 1, 1, 1},
                             {7, 7, 4, 0, 0, 0, 0},
                             {131, 7, 4, 20, 1, 0, 1},
                             {30, 9, 1, 1},
                             {0x94, 4, 0, 0}};
        return all[below(std::size(all))];
    }
    void mutate(Bytes& frame) {
        for (unsigned n = 1 + below(3); n > 0; --n) {
            const size_t at =
                12 + below(static_cast<unsigned>(std::min<size_t>(frame.size(), 40)) - 12);
            if (at != 34)
                frame[at] =
                    static_cast<uint8_t>(one_in(2) ? random_() : frame[at] ^ 1u << below(8));
        }
        if (one_in(4)) frame.resize(below(static_cast<unsigned>(frame.size())));
        auto* ip = reinterpret_cast<net::Ipv4Header*>(frame.data() + 14);
        if (frame.size() >= 34 && ip->header_length() > 20) {
            ip->destination = net::be32(test::ip("10.1.0.250").value);
        }
        if (one_in(2) && frame.size() >= 34 && frame.size() >= 14 + ip->header_length()) {
            net::fill_checksum(*ip);
        }
    }
    std::mt19937 random_;
};

// What may differ is made equal: the numbers that the router gives to its own packets, all ICMP.
Bytes comparable(const Frame& frame) {
    Bytes bytes = frame.bytes();
    if (frame.is_ipv4() && frame.ipv4().protocol == 1) {
        bytes[18] = bytes[19] = bytes[24] = bytes[25] = 0;
    }
    return bytes;
}

using Flow = std::tuple<std::string, uint32_t, uint32_t, uint8_t>;
struct Seen {
    std::multiset<std::pair<std::string, Bytes>> frames;
    std::map<Flow, std::vector<uint16_t>> order;  // of packets that were forwarded as they came

    void take(const std::vector<Sent>& sent) {
        for (const Sent& s : sent) {
            frames.emplace(s.interface, comparable(s.frame));
            if (!s.frame.is_ipv4()) continue;
            const net::Ipv4Header& ip = s.frame.ipv4();
            if (ip.header_length() > 20 || ip.is_fragment() || ip.protocol == 1) continue;
            order[{s.interface, ip.source.host(), ip.destination.host(), ip.protocol}].push_back(
                ip.identification.host());
        }
    }
};

class TwoRouters {
  public:
    TwoRouters() { plain.use_plain_way_only(); }

    void each(auto&& action) {
        action(fast);
        action(plain);
    }
    void receive(const char* interface, const std::vector<RandomPackets::Packet>& burst) {
        Seen by_fast, by_plain;
        by_fast.take(fast.receives(interface, buffers(fast, interface, burst)));
        by_plain.take(plain.receives(interface, buffers(plain, interface, burst)));
        compare(by_fast, by_plain);
    }
    void wait(std::chrono::milliseconds time) {
        Seen by_fast, by_plain;
        by_fast.take(fast.waits(time));
        by_plain.take(plain.waits(time));
        compare(by_fast, by_plain);
    }
    TestRouter fast{the_config, 65536}, plain{the_config, 65536};

  private:
    static std::vector<rte_mbuf*> buffers(TestRouter& router, const char* interface,
                                          const std::vector<RandomPackets::Packet>& burst) {
        std::vector<rte_mbuf*> result;
        for (const auto& p : burst) {
            result.push_back(
                router.packet_of(router.addressed(interface, p.frame), p.piece).buffer());
        }
        return result;
    }
    void compare(const Seen& by_fast, const Seen& by_plain) {
        for (const auto& [interface, bytes] : by_plain.frames) {
            ASSERT_EQ(by_fast.frames.count({interface, bytes}),
                      by_plain.frames.count({interface, bytes}))
                << interface << ": " << Frame(bytes).describe();
        }
        ASSERT_EQ(by_fast.frames.size(), by_plain.frames.size());
        ASSERT_EQ(by_fast.order, by_plain.order);
        for (unsigned i = 0; i < layout::drop_reason_count; ++i) {
            const auto reason = static_cast<DropReason>(i);
            ASSERT_EQ(fast.drops(reason), plain.drops(reason)) << layout::text_of(reason).name;
        }
        for (unsigned i = 0; i < layout::tally_count; ++i) {
            const auto tally = static_cast<layout::Tally>(i);
            ASSERT_EQ(fast.tally(tally), plain.tally(tally)) << i;
        }
    }
};

class FastWay : public ::testing::TestWithParam<uint32_t> {};
INSTANTIATE_TEST_SUITE_P(Seeds, FastWay, ::testing::Range(1u, 7u));

TEST_P(FastWay, EqualsThePlainWay) {
    RandomPackets random(GetParam());
    TwoRouters routers;
    uint16_t id = 0;
    const net::MacAddress neighbour = mac("02:00:00:00:07:07");
    for (unsigned round = 0; round < 60 && !HasFatalFailure(); ++round) {
        // Some neighbours are confirmed, the others grow stale; links come and go.
        for (unsigned i = 0; i < 4; ++i) {
            for (unsigned h = 2; h < 5; ++h) {
                if (random.one_in(3)) continue;
                const std::string address =
                    "10." + std::to_string(i + 1) + ".0." + std::to_string(h);
                routers.each([&](TestRouter& r) { r.knows(interfaces[i], address, neighbour); });
            }
        }
        if (random.one_in(4)) {
            const char* link = interfaces[random.below(4)];
            const bool down = random.one_in(2);
            routers.each([&](TestRouter& r) { down ? r.link_down(link) : r.link_up(link); });
        }
        for (unsigned bursts = 1 + random.below(4); bursts > 0 && !HasFatalFailure(); --bursts) {
            std::vector<RandomPackets::Packet> burst(1 + random.below(64));
            for (auto& p : burst) p = random.packet(id++);
            routers.receive(interfaces[random.below(4)], burst);
        }
        if (!HasFatalFailure()) routers.wait(random.one_in(3) ? 40s : 4s);
    }
    // All of it happened.
    EXPECT_GT(routers.fast.tally(layout::Tally::packets_held), 0u);
    EXPECT_GT(routers.fast.tally(layout::Tally::packets_fragmented), 0u);
    EXPECT_GT(routers.fast.tally(layout::Tally::icmp_errors_sent), 100u);
    routers.each([](TestRouter& r) {
        r.waits(40s);
        EXPECT_EQ(r.pool().outstanding(), 0u);
    });
}

}  // namespace
}  // namespace sluice::test
