// SPDX-License-Identifier: BSD-3-Clause
#include "bench/generator/report.h"

#include <gtest/gtest.h>

namespace sluice::generator {
namespace {

constexpr double hz = 1e9;

TrialResult trial(uint64_t sent, uint64_t received) {
    StreamResult stream;
    stream.sent = {sent, sent * 64, 100, 0};
    stream.counts.packets = stream.received_in_time = received;
    for (uint64_t v = 1; v <= 1000; ++v) stream.latency.add(v * 1000);
    TrialResult result;
    result.seconds = 2;
    result.streams = {stream};
    return result;
}

TEST(Report, TellsRatesLossAndLatencyInTheirUnits) {
    const Json report = describe(trial(1000, 990), hz);
    EXPECT_EQ(report["offered_pps"], 500);
    EXPECT_EQ(report["received_pps"], 495);
    EXPECT_DOUBLE_EQ(report["loss"], 0.01);
    const Json& right = report["directions"]["right"];
    EXPECT_EQ(right["lost"], 10);
    EXPECT_EQ(right["offered_bits_per_second"], 8 * (64 + 20) * 500);
    EXPECT_EQ(right["faults"].size(), static_cast<size_t>(Fault::count));
    EXPECT_NEAR(right["latency_us"]["p50"], 500, 10);
    EXPECT_NEAR(right["latency_us"]["p99.9"], 999, 20);
    EXPECT_EQ(right["latency_us"]["max"], 1000);
}

TEST(Report, OfNoTrafficDividesByNothing) {
    const Json report = describe(TrialResult{1, true, false, {StreamResult{}}}, hz);
    EXPECT_EQ(report["loss"], 0);
    EXPECT_EQ(report["directions"]["right"]["latency_us"]["p99"], 0);
}

TEST(Report, CallsNothingLostThatMayYetCome) {
    TrialResult running = trial(1000, 990);
    EXPECT_NE(summary(running, hz).find("10 on their way"), std::string::npos);
    running.is_over = true;
    EXPECT_NE(summary(running, hz).find("10 lost"), std::string::npos);
}

TEST(Limit, IsTheGeneratorsWhereTheRouterTookAndReturnedEverything) {
    EXPECT_EQ(limit_of(trial(1000, 1000), 0), Limit::generator);
    EXPECT_EQ(limit_of(trial(1000, 1000), 1000), Limit::generator);
    EXPECT_EQ(limit_of(trial(1000, 1000), 500), Limit::none);
}

TEST(Limit, IsTheRoutersWherePacketsWereLostOrNotTaken) {
    EXPECT_EQ(limit_of(trial(1000, 900), 500), Limit::router);
    TrialResult held_up = trial(1000, 1000);
    held_up.streams.front().sent.held_up = 50;
    EXPECT_EQ(limit_of(held_up, 0), Limit::router);
}

TEST(Report, OfBurstsTellsTheBufferOnceTheThroughputIsKnown) {
    BackToBack found;
    found.lengths = {900, 1100};
    found.mean_length = 1000;
    found.offered_pps = 10e6;
    const Json without = describe(found, 0);
    EXPECT_EQ(without["packets"], 1000);
    EXPECT_EQ(without["least"], 900);
    EXPECT_EQ(without["most"], 1100);
    EXPECT_EQ(without["limited_by"], "router");
    EXPECT_NEAR(without["implied_buffer_us"], 100, 1e-6);
    EXPECT_FALSE(without.contains("corrected_buffer_us"));
    EXPECT_NEAR(describe(found, 9e6)["corrected_buffer_us"], 10, 1e-6);
}

}  // namespace
}  // namespace sluice::generator
