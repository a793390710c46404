// SPDX-License-Identifier: BSD-3-Clause
#include <gtest/gtest.h>

#include "test/support/test_router.h"

namespace sluice::test {
namespace {

constexpr auto two_networks = R"({
  "interfaces": {
    "lan": { "device": "net_null0", "addresses": ["10.0.0.1/24"] },
    "wan": { "device": "net_null1", "addresses": ["203.0.113.2/24"] }
  },
  "routes": [ { "prefix": "0.0.0.0/0", "via": "203.0.113.1" } ]
})";

class Forwarding : public ::testing::TestWithParam<bool> {
  protected:
    Forwarding() {
        if (GetParam()) router.use_plain_way_only();
        router.knows("wan", "203.0.113.1", gateway);
        router.knows("lan", "10.0.0.9", host);
    }
    const net::MacAddress gateway = mac("02:00:00:00:01:01");
    const net::MacAddress host = mac("02:00:00:00:00:99");
    TestRouter router{two_networks};
};
INSTANTIATE_TEST_SUITE_P(BothWays, Forwarding, ::testing::Bool(), [](const auto& info) {
    return info.param ? "PlainWay" : "FastWay";
});

TEST_P(Forwarding, SendsToTheGatewayOneHopOlder) {
    const auto out = router.receives("lan", ipv4().to("192.0.2.1").ttl(64).udp(1000, 53));
    ASSERT_EQ(out.size(), 1u);
    EXPECT_EQ(out[0].interface, "wan");
    EXPECT_EQ(out[0].frame.ethernet().destination, gateway);
    EXPECT_EQ(out[0].frame.ethernet().source, router.mac_of("wan"));
    EXPECT_EQ(out[0].frame.ipv4().ttl, 63);
    EXPECT_TRUE(out[0].frame.checksums_hold());
    EXPECT_EQ(router.all_drops(), 0u);
    EXPECT_EQ(router.pool().outstanding(), 0u);
}

TEST_P(Forwarding, SendsToAHostOnAConnectedNetwork) {
    const auto out = router.receives("wan", ipv4().from("192.0.2.1").to("10.0.0.9"));
    ASSERT_EQ(out.size(), 1u);
    EXPECT_EQ(out[0].interface, "lan");
    EXPECT_EQ(out[0].frame.ethernet().destination, host);
}

}  // namespace
}  // namespace sluice::test
