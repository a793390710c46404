// SPDX-License-Identifier: BSD-3-Clause
#include "test/path/network.h"

namespace sluice::test {
namespace {

class EthernetAccept : public BothWays {};
TEST_BOTH_WAYS(EthernetAccept);

Bytes with_type(Bytes frame, uint16_t type) {
    frame[12] = static_cast<uint8_t>(type >> 8);
    frame[13] = static_cast<uint8_t>(type);
    return frame;
}

TEST_P(EthernetAccept, DropsAFrameShorterThanItsHeader) {
    for (size_t size = 0; size < 14; ++size) router().receives("lan", Bytes(size));
    EXPECT_EQ(router().drops(DropReason::frame_too_short), 14u);
}

TEST_P(EthernetAccept, DropsAFrameToAnotherStation) {
    EXPECT_TRUE(router().receives("lan", ipv4().to_mac(mac("02:5a:00:00:00:99"))).empty());
    EXPECT_EQ(router().drops(DropReason::frame_not_for_us), 1u);
}

TEST_P(EthernetAccept, DropsAFrameToTheMacOfAnotherOfItsInterfaces) {
    EXPECT_TRUE(router().receives("lan", ipv4().to_mac(router().mac_of("wan"))).empty());
    EXPECT_EQ(router().drops(DropReason::frame_not_for_us), 1u);
}

TEST_P(EthernetAccept, DropsAFrameFromAGroupAddress) {
    EXPECT_TRUE(router().receives("lan", ipv4().from_mac(mac("01:00:5e:00:00:01"))).empty());
    EXPECT_EQ(router().drops(DropReason::frame_bad_source), 1u);
}

TEST_P(EthernetAccept, DropsVlanTagsSingleAndDouble) {
    router().receives("lan", with_type(ipv4(), 0x8100));
    router().receives("lan", with_type(ipv4(), 0x88a8));
    EXPECT_EQ(router().drops(DropReason::vlan_not_accepted), 2u);
}

TEST_P(EthernetAccept, DropsIpv6) {
    router().receives("lan", with_type(ipv4(), 0x86dd));
    EXPECT_EQ(router().drops(DropReason::ipv6_not_routed), 1u);
}

TEST_P(EthernetAccept, DropsWhatIsNeitherIpv4NorArp) {
    router().receives("lan", with_type(ipv4(), 0x88cc));
    router().receives("lan", with_type(ipv4(), 0x05dc));  // an 802.3 length
    EXPECT_EQ(router().drops(DropReason::ethertype_unknown), 2u);
}

TEST_P(EthernetAccept, DropsAUnicastPacketThatCameByLinkBroadcast) {
    REQUIREMENT("RFC 1812 5.3.4", "A packet received as a link layer broadcast is not forwarded");
    EXPECT_TRUE(router().receives("lan", ipv4().to_mac(net::broadcast_mac)).empty());
    EXPECT_TRUE(
        router()
            .receives("lan", ipv4().to("10.0.0.1").echo_request().to_mac(net::broadcast_mac))
            .empty());
    EXPECT_EQ(router().drops(DropReason::link_broadcast), 2u);
}

}  // namespace
}  // namespace sluice::test
