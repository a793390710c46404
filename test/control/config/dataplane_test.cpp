// SPDX-License-Identifier: BSD-3-Clause
#include "test/control/config/told.h"

namespace sluice::config {
namespace {

TEST(Dataplane, IsReadWhole) {
    const auto dataplane =
        accepted(
            R"({"dataplane": {"workers": 2, "cores": [3, 3], "polling": "busy", "buffers": 2048}})")
            .dataplane;
    EXPECT_EQ(dataplane.workers, 2);
    EXPECT_THAT(dataplane.cores, ElementsAre(3, 3));
    EXPECT_EQ(dataplane.polling, Polling::busy);
    EXPECT_EQ(dataplane.buffers, 2048U);
}

TEST(Dataplane, AutoWorkersAreNoNumber) {
    EXPECT_EQ(accepted(R"({"dataplane": {"workers": "auto"}})").dataplane.workers, std::nullopt);
}

TEST(Dataplane, WorkersOutOfRangeOrOfAnotherWordAreTold) {
    for (const char* workers : {"0", "33", "\"many\"", "1.5", "null", "true"}) {
        EXPECT_THAT(told(std::string("{\"dataplane\": {\n\"workers\": ") + workers + "}}"),
                    ElementsAre(std::string("c.json:2: dataplane.workers: ") + workers +
                                " should be \"auto\" or a whole number from 1 to 32"));
    }
}

TEST(Dataplane, AnUnknownPollingIsToldTheKnownOnes) {
    EXPECT_THAT(
        told(R"({"dataplane": {"polling": "fast"}})"),
        ElementsAre("c.json:1: dataplane.polling: \"fast\" should be \"adaptive\" or \"busy\""));
}

TEST(Dataplane, BuffersOutOfRangeAreTold) {
    EXPECT_THAT(
        told(R"({"dataplane": {"buffers": 512}})"),
        ElementsAre(
            "c.json:1: dataplane.buffers: 512 should be a whole number from 1024 to 1048576"));
    EXPECT_THAT(told(R"({"dataplane": {"buffers": "16384"}})"),
                ElementsAre("c.json:1: dataplane.buffers: \"16384\" should be a whole number from "
                            "1024 to 1048576"));
    EXPECT_THAT(told(R"({"dataplane": {"buffers": 18446744073709551615}})"),
                ElementsAre(HasSubstr("18446744073709551615 should be a whole number")));
}

TEST(Dataplane, MoreCoresThanWorkersAreTold) {
    EXPECT_THAT(
        told(R"({"dataplane": {"workers": 1, "cores": [1, 2]}})"),
        ElementsAre(
            "c.json:1: dataplane.cores: 2 cores for 1 worker; list no more cores than workers"));
    EXPECT_THAT(accepted(R"({"dataplane": {"workers": 4, "cores": [1]}})").dataplane.cores,
                ElementsAre(1));
}

TEST(Dataplane, AWrongCoreIsToldByItsNumberInTheList) {
    EXPECT_THAT(
        told(R"({"dataplane": {"cores": [1, -1]}})"),
        ElementsAre("c.json:1: dataplane.cores[1]: -1 should be a whole number from 0 to 1023"));
}

TEST(Arp, IsReadWhole) {
    const auto arp = accepted(R"({"arp": {"reachable_s": 1, "stale_s": 2, "retry_s": 3,
                                          "attempts": 4, "max_entries": 100}})")
                         .arp;
    EXPECT_EQ(arp, (Arp{1, 2, 3, 4, 100}));
}

TEST(Arp, RequestsMoreOftenThanOnceASecondAreRefused) {
    EXPECT_THAT(told(R"({"arp": {"retry_s": 0}})"),
                ElementsAre("c.json:1: arp.retry_s: 0 should be a whole number from 1 to 60"));
}

TEST(Icmp, IsReadWhole) {
    const auto icmp = accepted(R"({"icmp": {"errors_per_second": 7,
                                            "errors_per_source_per_second": 0}})")
                          .icmp;
    EXPECT_EQ(icmp, (Icmp{7, 0}));
}

TEST(Icmp, NegativeRatesAreTold) {
    EXPECT_THAT(
        told(R"({"icmp": {"errors_per_second": -1}})"),
        ElementsAre(
            "c.json:1: icmp.errors_per_second: -1 should be a whole number from 0 to 1000000"));
}

}  // namespace
}  // namespace sluice::config
