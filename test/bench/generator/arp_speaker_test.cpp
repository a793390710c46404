// SPDX-License-Identifier: BSD-3-Clause
#include "bench/generator/arp_speaker.h"

#include <gtest/gtest.h>

#include "test/support/frame.h"

namespace sluice::generator {
namespace {

using test::Arp;
using test::Bytes;
using test::mac;

const net::MacAddress ours = mac("02:00:00:00:00:01"), gateways = mac("02:00:00:00:00:02");

class ArpSpeakers : public testing::Test {
  protected:
    std::optional<ArpFrame> hears(const Bytes& frame) {
        return speaker.receive(frame.data(), static_cast<uint32_t>(frame.size()));
    }
    static Arp request(const char* target) {
        return {net::arp_request, gateways, "10.1.0.1", {}, target, net::broadcast_mac};
    }
    ArpSpeaker speaker{ours, test::ip("10.1.0.2"), *net::parse_prefix("10.1.0.128/25"),
                       test::ip("10.1.0.1")};
};

test::Frame frame(const ArpFrame& bytes) { return test::Frame(Bytes(bytes.begin(), bytes.end())); }

TEST_F(ArpSpeakers, AnswerForTheirOwnAddressAndTheirHosts) {
    for (const char* target : {"10.1.0.2", "10.1.0.128", "10.1.0.255"}) {
        const auto answer = hears(request(target));
        ASSERT_TRUE(answer) << target;
        const test::Frame sent = frame(*answer);
        EXPECT_EQ(sent.ethernet().destination, gateways);
        EXPECT_EQ(sent.arp().operation.host(), net::arp_reply);
        EXPECT_EQ(sent.arp().sender_mac, ours);
        EXPECT_EQ(sent.arp().sender_ip.host(), test::ip(target).value);
        EXPECT_EQ(sent.arp().target_mac, gateways);
    }
}

TEST_F(ArpSpeakers, DoNotAnswerForOthers) {
    EXPECT_FALSE(hears(request("10.1.0.3")));
    EXPECT_FALSE(hears(request("10.1.0.1")));
    Arp reply = request("10.1.0.2");
    reply.operation = net::arp_reply;
    EXPECT_FALSE(hears(reply));
}

TEST_F(ArpSpeakers, LearnTheGatewaysMacAddressFromWhateverItSays) {
    EXPECT_FALSE(speaker.gateway_mac());
    hears(Arp{net::arp_reply, gateways, "10.1.0.9", ours, "10.1.0.2", ours});
    EXPECT_FALSE(speaker.gateway_mac());
    hears(request("10.1.0.77"));
    EXPECT_EQ(speaker.gateway_mac(), gateways);
}

TEST_F(ArpSpeakers, AskForTheGateway) {
    const test::Frame sent = frame(speaker.request());
    EXPECT_TRUE(sent.is_arp());
    EXPECT_EQ(sent.ethernet().destination, net::broadcast_mac);
    EXPECT_EQ(sent.arp().operation.host(), net::arp_request);
    EXPECT_EQ(sent.arp().sender_ip.host(), test::ip("10.1.0.2").value);
    EXPECT_EQ(sent.arp().target_ip.host(), test::ip("10.1.0.1").value);
}

TEST_F(ArpSpeakers, TakeNoNoticeOfWhatIsCutShort) {
    const Bytes whole = request("10.1.0.2").build();
    for (size_t length = 0; length < 42; ++length) {
        const Bytes cut(whole.begin(), whole.begin() + static_cast<long>(length));
        EXPECT_FALSE(hears(cut)) << length;
    }
}

}  // namespace
}  // namespace sluice::generator
