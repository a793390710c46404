// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/trace/tracer.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "test/support/test_router.h"

namespace sluice::test {
namespace {

using layout::Step;
using layout::StepResult;

constexpr auto config = R"({
  "interfaces": {
    "lan": { "device": "net_null0", "addresses": ["10.0.0.1/24"] },
    "wan": { "device": "net_null1", "addresses": ["203.0.113.2/24"] }
  },
  "routes": [ { "prefix": "0.0.0.0/0", "via": "203.0.113.1" } ]
})";

layout::TraceRequest request(uint32_t count) {
    layout::TraceRequest r{};
    r.number = 7;
    r.count = count;
    r.interface = layout::no_interface;
    return r;
}

class Tracing : public ::testing::Test {
  protected:
    Tracing() { router.knows("wan", "203.0.113.1", mac("02:00:00:00:01:01")); }
    void trace(const layout::TraceRequest& r) {
        tracer = std::make_unique<trace::Tracer>(r);
        router.context().tracer = tracer.get();
    }
    std::vector<layout::TraceRecord> records() {
        std::vector<layout::TraceRecord> result;
        layout::TraceRecord record;
        const auto& ring = router.context().counters.traces;
        for (uint64_t n = 0; ring.read(n, record); ++n) result.push_back(record);
        return result;
    }
    TestRouter router{config};
    std::unique_ptr<trace::Tracer> tracer;
};

TEST_F(Tracing, RecordsEachStepOfAForwardedPacketAndStillForwardsIt) {
    trace(request(10));
    const auto out = router.receives("lan", ipv4().to("192.0.2.1").udp(1000, 53));
    ASSERT_EQ(out.size(), 1u);
    const auto seen = records();
    ASSERT_EQ(seen.size(), 1u);
    EXPECT_EQ(seen[0].trace, 7u);
    std::vector<Step> steps;
    for (unsigned i = 0; i < seen[0].step_count; ++i) steps.push_back(seen[0].steps[i].step);
    EXPECT_EQ(steps,
              (std::vector{Step::ethernet_accept, Step::ipv4_validate, Step::ipv4_screen_source,
                           Step::ipv4_find_route, Step::arp_resolve, Step::ipv4_forward}));
}

TEST_F(Tracing, NamesTheReasonOfADrop) {
    trace(request(10));
    router.receives("lan", ipv4().to("192.0.2.1").ttl(1));
    const auto seen = records();
    ASSERT_EQ(seen.size(), 1u);
    // Behind the drop stand the error to the source and where that goes.
    const auto* end = seen[0].steps + seen[0].step_count;
    const auto* dropped = std::find_if(seen[0].steps, end, [](const layout::TraceStep& s) {
        return s.result == StepResult::dropped;
    });
    ASSERT_NE(dropped, end);
    EXPECT_EQ(dropped->step, Step::ipv4_forward);
    EXPECT_EQ(dropped->reason, DropReason::ttl_expired);
    ASSERT_NE(dropped + 1, end);
    EXPECT_EQ(dropped[1].step, Step::icmp_error);
}

TEST_F(Tracing, StopsAfterTheCountThatWasAskedFor) {
    trace(request(2));
    const Bytes frame = ipv4().to("192.0.2.1");
    EXPECT_EQ(router.receives("lan", std::vector<Bytes>(5, frame)).size(), 5u);
    EXPECT_EQ(records().size(), 2u);
    EXPECT_TRUE(tracer->done());
}

TEST_F(Tracing, RecordsOnlyWhatTheFilterMatches) {
    // ldb [23]; jeq #17, 0, 1; ret #1; ret #0: is the protocol UDP?
    layout::TraceRequest udp = request(10);
    udp.filter_length = 4;
    udp.filter[0] = {0x30, 0, 0, 23};
    udp.filter[1] = {0x15, 0, 1, 17};
    udp.filter[2] = {0x06, 0, 0, 1};
    udp.filter[3] = {0x06, 0, 0, 0};
    trace(udp);
    router.receives("lan", ipv4().to("192.0.2.1").tcp(1000, 80));
    EXPECT_TRUE(records().empty());
    router.receives("lan", ipv4().to("192.0.2.1").udp(1000, 53));
    EXPECT_EQ(records().size(), 1u);
}

TEST_F(Tracing, CountsTracedPacketsAsReceivedLikeAllOthers) {
    trace(request(1));
    const Bytes frame = ipv4().to("192.0.2.1");
    router.receives("lan", std::vector<Bytes>(3, frame));
    const auto& counters = router.context().counters.interfaces[router.id_of("lan")];
    EXPECT_EQ(counters.rx_packets.get(), 3u);
    EXPECT_EQ(counters.rx_bytes.get(), 3 * frame.size());
}

TEST(Tracer, RefusesAFilterThatIsNoProgram) {
    layout::TraceRequest jumps_out = request(1);
    jumps_out.filter_length = 1;
    jumps_out.filter[0] = {0x05, 0, 0, 1000};
    EXPECT_THROW(trace::Tracer{jumps_out}, std::runtime_error);
}

TEST(Tracer, RefusesAFilterLongerThanItsPlace) {
    layout::TraceRequest too_long = request(1);
    too_long.filter_length = layout::max_trace_filter + 1;
    EXPECT_THROW(trace::Tracer{too_long}, std::runtime_error);
}

}  // namespace
}  // namespace sluice::test
