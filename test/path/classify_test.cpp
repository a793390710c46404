// SPDX-License-Identifier: BSD-3-Clause
// The two ways to classify a burst, sixteen frames at a time and one by one, find the same.
#include "dataplane/classify.h"

#include <random>

#include "test/path/network.h"

namespace sluice::test {
namespace {

using fast_path::Classify;
using fast_path::Columns;

class Frames {
  public:
    explicit Frames(uint32_t seed) : random_(seed) {}
    unsigned below(unsigned n) { return static_cast<unsigned>(random_() % n); }
    // Mostly good ones; each fault that a frame may have now and then.
    Bytes next() {
        const char* sources[] = {"10.0.0.9",  "10.0.0.1",   "10.0.0.255", "127.0.0.1",
                                 "224.0.0.1", "198.18.3.4", "0.1.2.3"};
        Ipv4Builder b = ipv4();
        b.from(sources[below(20) % std::size(sources)]).ttl(static_cast<uint8_t>(below(12)));
        b.payload(below(60)).padding(below(2) * below(30));
        Bytes frame = b;
        if (below(4) == 0) frame[below(34)] ^= static_cast<uint8_t>(1u << below(8));
        if (below(16) == 0) frame.resize(14 + below(static_cast<unsigned>(frame.size()) - 14));
        return frame;
    }

  private:
    std::mt19937 random_;
};

struct Found {
    Found(Classify classify, const fast_path::Screen& screen, std::span<rte_mbuf* const> burst)
        : count(classify(screen, burst, col, bytes)) {}
    Columns col;
    uint64_t bytes = 0;
    unsigned count;
};

TEST(Classify, SixteenAtATimeIsAsGoodAsOneByOne) {
    if (!fast_path::has_avx512()) GTEST_SKIP() << "this processor has no AVX-512";
    Network network;
    TestRouter& router = network.router;
    const Plan& plan = *router.context().plan;
    const fast_path::Screen screen{plan.interfaces[router.id_of("lan")].mac.as_bits(), plan.own};
    Frames frames(7);
    unsigned candidates = 0;
    for (unsigned round = 0; round < 300; ++round) {
        std::vector<rte_mbuf*> burst(1 + frames.below(64));
        for (rte_mbuf*& m : burst) {
            const size_t piece = frames.below(8) == 0 ? 34 + frames.below(40) : HeapPool::room;
            m = router.packet_of(router.addressed("lan", frames.next()), piece).buffer();
        }
        const Found one(fast_path::classify_plain, screen, burst);
        const Found sixteen(fast_path::classify_avx512, screen, burst);
        ASSERT_EQ(one.count, sixteen.count);
        EXPECT_EQ(one.bytes, sixteen.bytes);
        for (unsigned i = 0; i < one.count; ++i) {
            ASSERT_EQ(one.col.packet[i], sixteen.col.packet[i]);
            EXPECT_EQ(one.col.frame[i], sixteen.col.frame[i]);
            EXPECT_EQ(one.col.destination[i], sixteen.col.destination[i]);
            EXPECT_EQ(one.col.total_length[i], sixteen.col.total_length[i]);
            EXPECT_EQ(one.col.aged[i], sixteen.col.aged[i]);
        }
        candidates += one.count;
        for (rte_mbuf* m : burst) router.pool().free(Packet(m));
    }
    EXPECT_GT(candidates, 1000u);
}

}  // namespace
}  // namespace sluice::test
