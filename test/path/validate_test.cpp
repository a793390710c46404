// SPDX-License-Identifier: BSD-3-Clause
#include "test/path/network.h"

namespace sluice::test {
namespace {

class Ipv4Validate : public BothWays {
  protected:
    uint64_t dropped(const Bytes& frame, DropReason reason) {
        EXPECT_TRUE(router().receives("lan", frame).empty());
        EXPECT_EQ(router().all_drops(), router().drops(reason));
        return router().drops(reason);
    }
};
TEST_BOTH_WAYS(Ipv4Validate);

TEST_P(Ipv4Validate, DropsAPacketOfLessThanTwentyBytes) {
    REQUIREMENT("RFC 1812 5.2.2 (1)",
                "The packet length reported by the link layer must hold the minimum header");
    Bytes frame = ipv4();
    frame.resize(14 + 19);
    EXPECT_EQ(dropped(frame, DropReason::ip_too_short), 1u);
}

TEST_P(Ipv4Validate, DropsAVersionOtherThanFour) {
    REQUIREMENT("RFC 1812 5.2.2 (3)", "The IP version number must be 4");
    EXPECT_EQ(dropped(ipv4().version_and_length(0x65), DropReason::ip_bad_version), 1u);
    EXPECT_EQ(dropped(ipv4().version_and_length(0x05), DropReason::ip_bad_version), 2u);
}

TEST_P(Ipv4Validate, DropsAHeaderOfLessThanFiveWords) {
    REQUIREMENT("RFC 1812 5.2.2 (4)", "The IP header length must be at least 20 bytes");
    for (uint8_t words = 0; words < 5; ++words) {
        const auto byte = static_cast<uint8_t>(0x40 | words);
        EXPECT_EQ(dropped(ipv4().version_and_length(byte), DropReason::ip_bad_header_length),
                  words + 1u);
    }
}

TEST_P(Ipv4Validate, DropsAHeaderThatReachesPastThePacket) {
    Bytes frame = ipv4().version_and_length(0x4f);
    frame.resize(14 + 59);
    EXPECT_EQ(dropped(frame, DropReason::ip_header_truncated), 1u);
}

TEST_P(Ipv4Validate, DropsATotalLengthUnderTheHeadersOrOverThePackets) {
    REQUIREMENT("RFC 1812 5.2.2 (5)",
                "The IP total length must hold the header and must have been received");
    EXPECT_EQ(dropped(ipv4().total_length(19), DropReason::ip_bad_total_length), 1u);
    EXPECT_EQ(dropped(ipv4().total_length(0), DropReason::ip_bad_total_length), 2u);
    EXPECT_EQ(dropped(ipv4().payload(100).total_length(121), DropReason::ip_bad_total_length), 3u);
    EXPECT_EQ(
        dropped(ipv4().options({1, 1, 1, 0}).total_length(20), DropReason::ip_bad_total_length),
        4u);
}

TEST_P(Ipv4Validate, DropsAFalseChecksum) {
    REQUIREMENT("RFC 1812 5.2.2 (2)", "The IP header checksum must be right");
    EXPECT_EQ(dropped(ipv4().checksum(0xbeef), DropReason::ip_bad_checksum), 1u);
}

TEST_P(Ipv4Validate, DropsAPacketWithAnySingleBitOfItsHeaderWrong) {
    const Bytes right = ipv4().udp(1, 2);
    for (unsigned bit = 0; bit < 160; ++bit) {
        Bytes wrong = right;
        wrong[14 + bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
        EXPECT_TRUE(router().receives("lan", wrong).empty()) << bit;
    }
    EXPECT_EQ(router().all_drops(), 160u);
}

TEST_P(Ipv4Validate, TellsNobodyAboutABrokenHeader) {
    REQUIREMENT("RFC 1812 4.3.2.7", "No error is sent about a packet whose header is broken");
    dropped(ipv4().checksum(0xbeef).ttl(1), DropReason::ip_bad_checksum);
    EXPECT_EQ(router().tally(layout::Tally::icmp_errors_sent), 0u);
}

TEST_P(Ipv4Validate, CutsEthernetPaddingOff) {
    const Sent sent = only(router().receives("lan", ipv4().payload(1).padding(25)));
    EXPECT_EQ(sent.frame.size(), 14 + 20 + 1u);
}

TEST_P(Ipv4Validate, CutsPaddingOffThatFillsWholeBuffers) {
    const Bytes frame = ipv4().payload(100).padding(300);
    const Sent sent = only(router().receives_in_pieces("lan", frame, 60));
    EXPECT_EQ(sent.frame.size(), 14 + 120u);
    EXPECT_EQ(router().pool().outstanding(), 0u);
}

TEST_P(Ipv4Validate, AcceptsAPacketWithoutPayload) {
    EXPECT_EQ(only(router().receives("lan", ipv4().payload(0).padding(26))).frame.size(), 34u);
}

TEST_P(Ipv4Validate, DropsAHeaderThatIsCutInTwoByItsBuffers) {
    EXPECT_TRUE(router().receives_in_pieces("lan", ipv4(), 30).empty());
    EXPECT_EQ(router().drops(DropReason::ip_too_short), 1u);
}

}  // namespace
}  // namespace sluice::test
