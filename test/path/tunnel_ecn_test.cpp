// SPDX-License-Identifier: BSD-3-Clause
// RFC 6040 and RFC 2983: what the outer header says of class and congestion.
#include "test/path/tunnel_network.h"

namespace sluice::test {
namespace {

class TunnelEcn : public Tunnelling {};
TEST_BOTH_WAYS(TunnelEcn);

constexpr uint8_t not_capable = 0, ect1 = 1, ect0 = 2, congestion = 3;

TEST_P(TunnelEcn, IsCopiedToTheOuterHeader) {
    REQUIREMENT("RFC 6040 4.1", "The outer ECN field is the inner one's (normal mode)");
    TestRouter& router = router_with({});
    for (const uint8_t mark : {not_capable, ect1, ect0, congestion}) {
        const Sent sent = only(
            router.receives("lan", ipv4().to("10.9.0.5").tos(static_cast<uint8_t>(0xb8 | mark))));
        EXPECT_EQ(sent.frame.ipv4().tos & 3, mark);
        EXPECT_EQ(taken_out(sent.frame, 24).ipv4().tos, 0xb8 | mark);
    }
}

// Figure 4 of RFC 6040, row by row; the columns are the outer marks.
TEST_P(TunnelEcn, OfBothHeadersIsMadeOne) {
    REQUIREMENT("RFC 6040 4.2", "Inner and outer ECN field become one by the table of figure 4");
    constexpr int dropped = -1;
    struct Row {
        uint8_t inner;
        int by_outer[4];  // not capable, ECT(1), ECT(0), congestion: as they are numbered
    };
    constexpr Row table[] = {
        {not_capable, {not_capable, not_capable, not_capable, dropped}},
        {ect0, {ect0, ect1, ect0, congestion}},
        {ect1, {ect1, ect1, ect1, congestion}},
        {congestion, {congestion, congestion, congestion, congestion}},
    };
    TestRouter& router = router_with({});
    for (const Row& row : table) {
        for (uint8_t outer = 0; outer < 4; ++outer) {
            const Bytes packet = inner().tos(static_cast<uint8_t>(0x28 | row.inner));
            const auto sent = router.receives(
                "wan", from_there(plain_gre, ip_bytes(packet)).tos(static_cast<uint8_t>(outer)));
            if (row.by_outer[outer] == dropped) {
                EXPECT_TRUE(sent.empty());
                EXPECT_EQ(router.drops(DropReason::tunnel_ecn), 1u);
                continue;
            }
            const Sent s = only(sent);
            EXPECT_EQ(s.frame.ipv4().tos, 0x28 | row.by_outer[outer])
                << "inner " << int{row.inner} << ", outer " << int{outer};
            EXPECT_TRUE(s.frame.checksums_hold());
        }
    }
}

TEST_P(TunnelEcn, ClassOfServiceIsInheritedOrSet) {
    REQUIREMENT("RFC 2983 4", "The outer DSCP is the inner one's, or a fixed one");
    TestRouter& router = router_with({.other = R"("type": "ipip", "dscp": 10)"});
    const uint8_t tos = 46 << 2 | ect0;
    EXPECT_EQ(only(router.receives("lan", ipv4().to("10.9.0.5").tos(tos))).frame.ipv4().tos, tos);
    EXPECT_EQ(only(router.receives("lan", ipv4().to("10.10.0.5").tos(tos))).frame.ipv4().tos,
              10 << 2 | ect0);
}

TEST_P(TunnelEcn, OuterClassDoesNotReachTheInnerPacket) {
    REQUIREMENT("RFC 2983 4", "The inner DSCP stays when the outer header is taken off");
    TestRouter& router = router_with({});
    const auto sent =
        router.receives("wan", from_there(plain_gre, ip_bytes(inner().tos(0x20))).tos(0xb8));
    EXPECT_EQ(only(sent).frame.ipv4().tos, 0x20);
}

}  // namespace
}  // namespace sluice::test
