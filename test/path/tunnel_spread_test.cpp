// SPDX-License-Identifier: BSD-3-Clause
// What comes in tunnels is spread over the workers by the flows inside, and no flow's packets
// overtake each other. The workers are simulated: one thread lets each have its turn.
#include <map>
#include <random>

#include "dataplane/tunnel/spread.h"
#include "test/path/tunnel_network.h"

namespace sluice::test {
namespace {

using layout::TunnelSpread;

TEST(TunnelSpread, IsDecidedByTheQueuesUnlessTheConfigurationDoes) {
    using tunnel::hands_over;
    constexpr auto automatic = TunnelSpread::automatic;
    EXPECT_TRUE(hands_over(automatic, 1, 4, 1000));  // one queue
    EXPECT_TRUE(hands_over(automatic, 3, 4, 1000));  // a worker has none
    EXPECT_TRUE(hands_over(automatic, 4, 4, 31));    // too few tunnels for four queues
    EXPECT_FALSE(hands_over(automatic, 4, 4, 32));
    EXPECT_TRUE(hands_over(TunnelSpread::on, 4, 4, 1000));
    EXPECT_FALSE(hands_over(TunnelSpread::off, 1, 4, 1));
}

// The router's workers: worker 0 receives all, the others have what it hands over.
class Workers {
  public:
    Workers(TestRouter& router, unsigned count) : router_(router), exchange_(count) {
        spreaders_.reserve(count);
        for (unsigned n = 0; n < count; ++n) spreaders_.emplace_back(exchange_, n);
        for (unsigned n = 0; n < count; ++n) {
            contexts_.push_back(beside(router.context(), spreaders_[n]));
        }
    }
    ~Workers() { exchange_.clear(router_.pool()); }

    std::vector<Sent> receives(const std::vector<Bytes>& frames, std::string_view by = "wan") {
        std::vector<rte_mbuf*> packets;
        for (const Bytes& frame : frames) {
            packets.push_back(router_.packet_of(router_.addressed(by, frame)).buffer());
        }
        return router_.does([&](Context&) {
            for (size_t at = 0; at < packets.size(); at += burst_size) {
                run(*contexts_[0], router_.id_of(by), packets.data() + at,
                    static_cast<unsigned>(std::min<size_t>(burst_size, packets.size() - at)));
            }
        });
    }
    // The worker's turn to take what it was handed.
    std::vector<Sent> turn(unsigned worker) {
        return router_.does(
            [&](Context&) { worked_[worker] += run_handed_over(*contexts_[worker]); });
    }
    unsigned size() const { return exchange_.workers(); }
    unsigned worked(unsigned worker) { return worked_[worker]; }
    handover::Exchange& exchange() { return exchange_; }

  private:
    // All is the one router's that has no other thread: who worked is told by whose turn it was.
    static std::unique_ptr<Context> beside(Context& c, tunnel::Spreader& spreader) {
        return std::unique_ptr<Context>(new Context{.plan = c.plan,
                                                    .routes = c.routes,
                                                    .now_ns = c.now_ns,
                                                    .neighbours = c.neighbours,
                                                    .limiter = c.limiter,
                                                    .waiting = c.waiting,
                                                    .reassembler = c.reassembler,
                                                    .pool = c.pool,
                                                    .transmitter = c.transmitter,
                                                    .counters = c.counters,
                                                    .tunnels = c.tunnels,
                                                    .spreader = &spreader});
    }

    TestRouter& router_;
    handover::Exchange exchange_;
    std::vector<tunnel::Spreader> spreaders_;
    std::vector<std::unique_ptr<Context>> contexts_;
    std::map<unsigned, unsigned> worked_;
};

Bytes in_gre(const Bytes& packet, const Bytes& header = plain_gre) {
    return from_there(header, packet);
}

// A packet of flow `port`, with a number of its own.
Bytes numbered_inner(uint16_t port, uint16_t number) {
    return ip_bytes(inner().udp(port, 53).payload(words({number})));
}

struct Flow {
    uint16_t port, number;
};
Flow flow_in(const Sent& sent) {
    const Bytes& frame = sent.frame.bytes();
    const auto word = [&](size_t at) {
        return static_cast<uint16_t>(frame.at(at) << 8 | frame.at(at + 1));
    };
    return {word(34), word(42)};
}

void append_sent(std::vector<Sent>& to, std::vector<Sent> more) {
    to.insert(to.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

TEST(TunnelSpread, KeepsTheOrderWithinEachFlowOverRandomBurstsAndTurns) {
    for (unsigned seed = 1; seed <= 30; ++seed) {
        std::mt19937 random(seed);
        const auto below = [&](unsigned n) { return static_cast<unsigned>(random() % n); };
        Network net(with_tunnels({}));
        Workers workers(net.router, 2 + below(4));
        std::map<uint16_t, uint16_t> given;
        std::vector<Sent> sent;
        unsigned all = 0;
        for (unsigned round = 0; round < 60; ++round) {
            std::vector<Bytes> burst;
            for (unsigned n = below(80); n > 0; --n, ++all) {
                const auto port = static_cast<uint16_t>(1 + below(40));
                const Bytes packet = numbered_inner(port, given[port]++);
                burst.push_back(port % 3 == 0 ? Bytes(from_other(packet)) : in_gre(packet));
            }
            append_sent(sent, workers.receives(burst));
            for (unsigned n = 0; n < workers.size(); ++n)
                append_sent(sent, workers.turn(below(workers.size())));
        }
        for (unsigned n = 0; n < 100 * workers.size(); ++n)
            append_sent(sent, workers.turn(n % workers.size()));

        ASSERT_EQ(sent.size(), all) << "seed " << seed;
        std::map<uint16_t, uint16_t> next;
        for (const Sent& s : sent) {
            const Flow flow = flow_in(s);
            ASSERT_EQ(flow.number, next[flow.port]++) << "flow " << flow.port << ", seed " << seed;
        }
        for (unsigned n = 1; n < workers.size(); ++n) EXPECT_GT(workers.worked(n), 0u);
    }
}

TEST(TunnelSpread, CountsAPacketAsReceivedOnceAndByWhoReceivedIt) {
    Network net(with_tunnels({}));
    Workers workers(net.router, 4);
    const auto& counters = net.router.context().counters.interfaces;
    std::vector<Bytes> burst;
    for (uint16_t port = 1; port <= 64; ++port) burst.push_back(in_gre(numbered_inner(port, 0)));
    std::vector<Sent> sent = workers.receives(burst);
    EXPECT_EQ(counters[net.router.id_of("wan")].rx_packets.get(), 64u);
    EXPECT_EQ(counters[net.router.id_of("wan")].rx_bytes.get(), 64 * burst[0].size());
    EXPECT_EQ(counters[net.router.id_of("there")].rx_packets.get(), sent.size());
    for (unsigned n = 1; n < 4; ++n) append_sent(sent, workers.turn(n));
    EXPECT_EQ(sent.size(), 64u);
    EXPECT_EQ(counters[net.router.id_of("wan")].rx_packets.get(), 64u);
    EXPECT_EQ(counters[net.router.id_of("there")].rx_packets.get(), 64u);
    const auto& stage = net.router.context().stage(layout::Stage::handover);
    EXPECT_EQ(stage.packets.get(), 2 * (workers.worked(1) + workers.worked(2) + workers.worked(3)))
        << "by who gives and by who takes";
    EXPECT_EQ(net.router.all_drops(), 0u);
}

// How many of 64 flows are handed over.
unsigned handed_over(const TunnelWishes& wishes, const std::vector<Bytes>& burst) {
    Network net(with_tunnels(wishes));
    Workers workers(net.router, 4);
    workers.receives(burst);
    unsigned all = 0;
    for (unsigned n = 1; n < 4; ++n) {
        workers.turn(n);
        all += workers.worked(n);
    }
    return all;
}

template <typename Wrap>
std::vector<Bytes> flows_in(Wrap&& wrap) {
    std::vector<Bytes> burst;
    for (uint16_t port = 1; port <= 64; ++port) burst.push_back(wrap(numbered_inner(port, 0)));
    return burst;
}

TEST(TunnelSpread, HandsOverThreeQuartersOfTheFlowsAmongFourWorkers) {
    EXPECT_GT(handed_over({}, flows_in([](auto p) { return in_gre(p); })), 36u);
    EXPECT_LT(handed_over({}, flows_in([](auto p) { return in_gre(p); })), 60u);
    EXPECT_GT(handed_over({}, flows_in([](auto p) { return Bytes(from_other(p)); })), 36u);
    const TunnelWishes keyed{.there = R"("type": "gre", "key": 9, "checksum": true)"};
    EXPECT_GT(handed_over(keyed, flows_in([](auto p) {
                              return in_gre(p, words({0x2000, 0x0800, 0, 9}));
                          })),
              36u);
}

TEST(TunnelSpread, HandsOverGreInUdpByTheFlowInside) {
    const TunnelWishes wishes{.there = R"("type": "gre", "udp_port": 4754)"};
    const auto boxed = [](uint16_t port) {
        return flows_in([port](auto p) {
            return Bytes(ipv4()
                             .from("198.51.100.9")
                             .to("203.0.113.2")
                             .udp(50000, port)
                             .payload(plain_gre + p));
        });
    };
    EXPECT_GT(handed_over(wishes, boxed(4754)), 36u);
    EXPECT_EQ(handed_over(wishes, boxed(4755)), 0u);
    EXPECT_EQ(handed_over({}, boxed(4754)), 0u) << "no tunnel is in UDP";
}

TEST(TunnelSpread, LeavesWithTheReceiverWhatTheConfigurationSays) {
    const auto burst = flows_in([](auto p) { return in_gre(p); });
    EXPECT_EQ(handed_over({.there = R"("type": "gre", "spread": "off")"}, burst), 0u);
    EXPECT_GT(handed_over({.there = R"("type": "gre", "spread": "on")"}, burst), 36u);
    // What one worker has numbered in order, several would see out of it.
    EXPECT_EQ(handed_over({.there = R"("type": "gre", "sequence": true)"}, burst), 0u);
}

TEST(TunnelSpread, LeavesWithTheReceiverWhatItCanNotReadOrKnowsNothingOf) {
    const auto none = [](auto&& wrap) { return handed_over({}, flows_in(wrap)); };
    EXPECT_EQ(none([](const Bytes& p) { return in_gre(p, words({0, 0x86dd})); }), 0u);
    EXPECT_EQ(none([](const Bytes& p) { return in_gre(p, words({0x4000, 0x0800})); }), 0u);
    EXPECT_EQ(none([](const Bytes& p) { return in_gre(p, words({0x2000, 0x0800, 0, 7})); }), 0u);
    EXPECT_EQ(none([](const Bytes& p) { return in_gre(Bytes(p.begin(), p.begin() + 19)); }), 0u);
    EXPECT_EQ(none([](const Bytes& p) { return Bytes(ipv4().to("203.0.113.2").payload(p)); }), 0u);
    EXPECT_EQ(
        none([](const Bytes& p) { return Bytes(from_there(plain_gre, p).from("198.51.100.77")); }),
        0u);
    EXPECT_EQ(none([](const Bytes&) { return in_gre({}); }), 0u);
}

TEST(TunnelSpread, KnowsBeforeItLooksAtAPacketWhetherAPortHasAnyToHandOver) {
    const auto any = [](const std::string& there, const std::string& other) {
        const Network net(with_tunnels({.there = there, .other = other}));
        return tunnel::handed_over(net.router.plan(), net.router.id_of("wan"), 4).any;
    };
    const std::string gre = R"("type": "gre")", off = R"("type": "gre", "spread": "off")";
    EXPECT_TRUE(any(gre, gre));
    EXPECT_TRUE(any(off, gre));
    EXPECT_TRUE(any(off, R"("type": "gre", "spread": "on")"));
    EXPECT_FALSE(any(off, off));
    EXPECT_FALSE(any(off, gre + R"(, "sequence": true)"));
    EXPECT_FALSE(any(off, gre + R"(, "enabled": false)"));
    const Network none;
    EXPECT_FALSE(tunnel::handed_over(none.router.plan(), none.router.id_of("wan"), 4).any);
}

TEST(TunnelSpread, ReadsNoFurtherThanTheFrameGoes) {
    Network net(with_tunnels({.there = R"("type": "gre", "key": 9)"}));
    Workers workers(net.router, 4);
    const Bytes whole = in_gre(numbered_inner(7, 7), words({0x2000, 0x0800, 0, 9}));
    for (size_t length = 0; length < whole.size(); ++length) {
        workers.receives({Bytes(whole.begin(), whole.begin() + static_cast<long>(length))});
        for (unsigned n = 1; n < 4; ++n) workers.turn(n);
    }
    EXPECT_EQ(net.router.pool().outstanding(), 0u);
}

TEST(TunnelSpread, GivesWhatWasPutTogetherOfFragmentsToTheWorkerOfItsFlow) {
    Network net(with_tunnels({}));
    Workers workers(net.router, 4);
    for (uint16_t port = 1; port <= 16; ++port) {
        workers.receives({in_gre(numbered_inner(port, 0))});
        for (unsigned n = 1; n < 4; ++n) workers.turn(n);
        const Bytes whole = from_there(plain_gre, ip_bytes(inner().udp(port, 53).payload(800)));
        const auto piece = [&](size_t from, size_t to, bool more) {
            Ipv4Builder outer =
                ipv4().from("198.51.100.9").to("203.0.113.2").protocol(gre_protocol);
            return Bytes(outer.id(port)
                             .fragment(from, more)
                             .payload(Bytes(whole.begin() + 34 + static_cast<long>(from),
                                            whole.begin() + 34 + static_cast<long>(to))));
        };
        std::vector<Sent> sent = workers.receives({piece(0, 400, true)});
        append_sent(sent, workers.receives({piece(400, whole.size() - 34, false)}));
        for (unsigned n = 1; n < 4; ++n) append_sent(sent, workers.turn(n));
        EXPECT_EQ(only(sent).interface, "lan");
        // Whoever had the flow's packet that came whole had this one, too.
        for (unsigned n = 1; n < 4; ++n) EXPECT_EQ(workers.worked(n) % 2, 0u) << "flow " << port;
    }
    EXPECT_EQ(net.router.pool().outstanding(), 0u);
}

TEST(TunnelSpread, DropsWhatAWorkerThatIsBehindHasNoRoomForAndSaysWhy) {
    Network net(with_tunnels({}));
    Workers workers(net.router, 2);
    uint16_t port = 1;  // of a flow that is worker 1's
    while (workers.receives({in_gre(numbered_inner(port, 0))}).size() == 1) ++port;
    const std::vector<Bytes> burst(handover::Ring::size + 9, in_gre(numbered_inner(port, 1)));
    EXPECT_TRUE(workers.receives(burst).empty());
    EXPECT_EQ(net.router.drops(DropReason::handover_full), 10u);
    unsigned sent = 0;
    while (const size_t n = workers.turn(1).size()) sent += static_cast<unsigned>(n);
    EXPECT_EQ(sent, handover::Ring::size);
    EXPECT_EQ(net.router.pool().outstanding(), 0u);
}

TEST(TunnelSpread, LeavesPlainPacketsAlone) {
    Network net(with_tunnels({}));
    Workers workers(net.router, 4);
    std::vector<Bytes> burst;
    for (uint16_t port = 1; port <= 64; ++port)
        burst.push_back(ipv4().to("192.0.2.1").udp(port, 53));
    EXPECT_EQ(workers.receives(burst, "lan").size(), 64u);
    EXPECT_EQ(net.router.context().stage(layout::Stage::handover).packets.get(), 0u);
}

}  // namespace
}  // namespace sluice::test
