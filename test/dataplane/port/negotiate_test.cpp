// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/port/negotiate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::port {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr uint32_t link_interrupt = RTE_ETH_DEV_INTR_LSC;

// Can everything.
rte_eth_dev_info able_device() {
    rte_eth_dev_info d{};
    d.driver_name = "net_able";
    d.dev_flags = &link_interrupt;
    d.min_mtu = 68;
    d.max_mtu = 9216;
    d.max_rx_pktlen = 9216 + 18;
    d.max_rx_queues = 16;
    d.max_tx_queues = 16;
    d.rx_offload_capa = RTE_ETH_RX_OFFLOAD_SCATTER;
    d.tx_offload_capa = RTE_ETH_TX_OFFLOAD_MULTI_SEGS | RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE;
    d.flow_type_rss_offloads = RTE_ETH_RSS_IP | RTE_ETH_RSS_TCP | RTE_ETH_RSS_UDP;
    d.reta_size = 128;
    d.rx_desc_lim = {4096, 64, 32, 0, 0};
    d.tx_desc_lim = {4096, 64, 32, 0, 0};
    return d;
}

// Can no more than a device must.
rte_eth_dev_info poor_device() {
    rte_eth_dev_info d{};
    d.driver_name = "net_poor";
    d.max_mtu = UINT16_MAX;
    d.max_rx_pktlen = 1518;
    d.max_rx_queues = 1;
    d.max_tx_queues = 1;
    return d;
}

TEST(Negotiate, GivesAnAbleDeviceAllThatIsAskedWithoutAWord) {
    Asked asked;
    asked.workers = 4;
    asked.mtu = 9001;
    const Granted got = negotiate(asked, able_device());
    EXPECT_EQ(got.rx_queues, 4);
    EXPECT_EQ(got.tx_queues, 4);
    EXPECT_EQ(got.mtu, 9001u);
    EXPECT_EQ(got.granted.bits(), got.asked.bits());
    EXPECT_THAT(got.why, IsEmpty());
}

TEST(Negotiate, RunsOnADeviceThatCanNothing) {
    Asked asked;
    asked.workers = 4;
    const Granted got = negotiate(asked, poor_device());
    EXPECT_EQ(got.rx_queues, 1);
    EXPECT_EQ(got.tx_queues, 1);
    EXPECT_EQ(got.mtu, 1500u);
    EXPECT_EQ(got.rx_offloads, 0u);
    EXPECT_EQ(got.tx_offloads, 0u);
    EXPECT_FALSE(got.granted.has(Feature::link_status));
}

TEST(Negotiate, SaysSoWhenWorkersHaveToShareATransmitQueue) {
    Asked asked;
    asked.workers = 2;
    EXPECT_THAT(negotiate(asked, poor_device()).why,
                Contains(HasSubstr("2 workers share 1 transmit queue:")));
}

TEST(Negotiate, TakesAsManyReceiveQueuesAsAskedForNotAsThereAreWorkers) {
    Asked asked;
    asked.workers = 4;
    asked.rx_queues = 2;
    const Granted got = negotiate(asked, able_device());
    EXPECT_EQ(got.rx_queues, 2);
    EXPECT_EQ(got.tx_queues, 4);
}

TEST(Negotiate, TakesTheQueuesThereAreWhenMoreAreAskedFor) {
    Asked asked;
    asked.rx_queues = 32;
    const Granted got = negotiate(asked, able_device());
    EXPECT_EQ(got.rx_queues, 16);
    EXPECT_FALSE(got.granted.has(Feature::multi_queue));
    EXPECT_THAT(got.why, Contains(HasSubstr("16 of 32 receive queues")));
}

TEST(Negotiate, AsksForNoSpreadingOverASingleQueue) {
    const Granted got = negotiate({}, able_device());
    EXPECT_FALSE(got.asked.has(Feature::rss));
    EXPECT_EQ(got.rss_functions, 0u);
}

TEST(Negotiate, SpreadsByWhatTheDeviceCanHash) {
    Asked asked;
    asked.workers = 2;
    rte_eth_dev_info ena = able_device();
    ena.flow_type_rss_offloads = RTE_ETH_RSS_NONFRAG_IPV4_TCP | RTE_ETH_RSS_NONFRAG_IPV4_UDP;
    const Granted got = negotiate(asked, ena);
    EXPECT_EQ(got.rss_functions, ena.flow_type_rss_offloads);
    EXPECT_TRUE(got.granted.has(Feature::rss));
    EXPECT_TRUE(got.granted.has(Feature::reta_after_start));
}

TEST(Negotiate, KnowsOverHowManyQueuesADeviceSpreadsTunnels) {
    Asked asked;
    asked.workers = 4;
    EXPECT_EQ(negotiate(asked, able_device()).address_queues, 4);
    rte_eth_dev_info ena = able_device();
    ena.flow_type_rss_offloads = RTE_ETH_RSS_NONFRAG_IPV4_TCP | RTE_ETH_RSS_NONFRAG_IPV4_UDP;
    EXPECT_EQ(negotiate(asked, ena).address_queues, 1);
    EXPECT_EQ(negotiate(asked, ena).port_queues, 4) << "GRE in UDP";
    ena.flow_type_rss_offloads = 0;
    EXPECT_EQ(negotiate(asked, ena).address_queues, 1);
    EXPECT_EQ(negotiate({}, able_device()).address_queues, 1);
}

TEST(Negotiate, DoesWithoutSpreadingWhereTheDeviceHasNone) {
    Asked asked;
    asked.workers = 2;
    rte_eth_dev_info d = able_device();
    d.flow_type_rss_offloads = 0;
    const Granted got = negotiate(asked, d);
    EXPECT_EQ(got.rx_queues, 2);
    EXPECT_FALSE(got.granted.has(Feature::rss));
    EXPECT_THAT(got.why, Contains(HasSubstr("no RSS")));
}

TEST(Negotiate, BoundsTheMtuByWhatTheDeviceReceives) {
    Asked asked;
    asked.mtu = 9001;
    const Granted got = negotiate(asked, poor_device());
    EXPECT_EQ(got.mtu, 1500u);
    EXPECT_FALSE(got.granted.has(Feature::mtu));
    EXPECT_THAT(got.why, Contains(HasSubstr("MTU 1500 and not 9001")));
}

TEST(Negotiate, SpreadsLargeFramesOverSeveralBuffers) {
    Asked asked;
    asked.mtu = 9001;
    const Granted got = negotiate(asked, able_device());
    EXPECT_EQ(got.data_room, asked.data_room);
    EXPECT_EQ(got.rx_offloads, RTE_ETH_RX_OFFLOAD_SCATTER);
}

TEST(Negotiate, UsesLargerBuffersWhereADeviceCanNotScatter) {
    Asked asked;
    asked.mtu = 9001;
    rte_eth_dev_info d = able_device();
    d.rx_offload_capa = 0;
    const Granted got = negotiate(asked, d);
    EXPECT_GE(got.data_room, 9001u + frame_overhead(d));
    EXPECT_FALSE(got.granted.has(Feature::scatter));
    EXPECT_THAT(got.why, Contains(HasSubstr("can not spread a frame")));
}

TEST(Negotiate, NeverAsksForReceiveChecksumsWhichWouldLetPartialOnesIn) {
    rte_eth_dev_info virtio = able_device();
    virtio.rx_offload_capa |= RTE_ETH_RX_OFFLOAD_UDP_CKSUM | RTE_ETH_RX_OFFLOAD_TCP_CKSUM;
    EXPECT_EQ(negotiate({}, virtio).rx_offloads, 0u);
}

TEST(Negotiate, FreesFastOnlyWhileAllPacketsComeFromOnePool) {
    Asked asked;
    EXPECT_TRUE(negotiate(asked, able_device()).granted.has(Feature::fast_free));
    asked.one_pool = false;
    const Granted got = negotiate(asked, able_device());
    EXPECT_FALSE(got.granted.has(Feature::fast_free));
    EXPECT_EQ(got.tx_offloads, RTE_ETH_TX_OFFLOAD_MULTI_SEGS);
    EXPECT_THAT(got.why, Contains(HasSubstr("no fast free")));
}

TEST(Negotiate, FitsDescriptorsToTheDevicesLimitsAndSteps) {
    Asked asked;
    asked.rx_descriptors = 100;
    asked.tx_descriptors = 20000;
    const Granted got = negotiate(asked, able_device());
    EXPECT_EQ(got.rx_descriptors, 128);
    EXPECT_EQ(got.tx_descriptors, 4096);
    EXPECT_THAT(got.why, Contains(HasSubstr("128 receive descriptors and not 100")));
}

TEST(Negotiate, TakesTheDevicesOwnNumberOfDescriptorsWhenNoneIsAskedFor) {
    rte_eth_dev_info d = able_device();
    d.default_rxportconf.ring_size = 512;
    EXPECT_EQ(negotiate({}, d).rx_descriptors, 512);
    EXPECT_EQ(negotiate({}, d).tx_descriptors, 1024);
}

TEST(Negotiate, WaitsForEnasResetEventAndNoOthers) {
    rte_eth_dev_info ena = able_device();
    EXPECT_FALSE(negotiate({}, ena).asked.has(Feature::reset_event));
    ena.driver_name = "net_ena";
    EXPECT_TRUE(negotiate({}, ena).granted.has(Feature::reset_event));
}

TEST(Negotiate, LeavesToTheDeviceWhetherItAgreesToPromiscuityAndAnotherMac) {
    Asked asked;
    asked.promiscuous = true;
    asked.mac = net::MacAddress{{2, 0, 0, 0, 0, 1}};
    const Granted got = negotiate(asked, able_device());
    EXPECT_TRUE(got.asked.has(Feature::promiscuous));
    EXPECT_FALSE(got.granted.has(Feature::promiscuous));
    EXPECT_TRUE(got.asked.has(Feature::mac_change));
    EXPECT_FALSE(got.granted.has(Feature::mac_change));
}

TEST(Negotiate, ReckonsFrameLengthAsEthdevDoes) {
    EXPECT_EQ(frame_overhead(able_device()), 18u);
    EXPECT_EQ(frame_overhead(poor_device()), 18u);
    rte_eth_dev_info tagged = able_device();
    tagged.max_rx_pktlen = tagged.max_mtu + 26u;
    EXPECT_EQ(frame_overhead(tagged), 26u);
}

}  // namespace
}  // namespace sluice::port
