// SPDX-License-Identifier: BSD-3-Clause
#include "bench/generator/replay.h"

#include <cstdio>
#include <stdexcept>

#include <gtest/gtest.h>
#include <pcap/pcap.h>

#include "test/bench/generator/frames.h"

namespace sluice::generator {
namespace {

class Replays : public testing::Test {
  protected:
    ~Replays() override { std::remove(path_.c_str()); }
    std::string write(int link, const std::vector<Bytes>& frames, uint32_t cut = 65535) {
        pcap_t* handle = pcap_open_dead(link, 65535);
        pcap_dumper_t* file = pcap_dump_open(handle, path_.c_str());
        for (const Bytes& frame : frames) {
            const auto size = static_cast<bpf_u_int32>(frame.size());
            const pcap_pkthdr header{{}, std::min<bpf_u_int32>(size, cut), size};
            pcap_dump(reinterpret_cast<u_char*>(file), &header, frame.data());
        }
        pcap_dump_close(file);
        pcap_close(handle);
        return path_;
    }
    std::string path_ = testing::TempDir() + "capture-" + std::to_string(::getpid());
};

const Bytes short_one = test::ipv4().to("192.0.2.1").udp(1, 2).payload(size_t{0}).padding(18);
const Bytes long_one = test::ipv4().to("192.0.2.2").udp(1, 2).payload(1000);

TEST_F(Replays, SendsThePacketsOfACaptureToTheRouter) {
    const Replay replay(write(DLT_EN10MB, {short_one, long_one}));
    ASSERT_EQ(replay.count(), 2u);
    EXPECT_EQ(replay.longest(), 1028u);
    Bytes frame(2000, 0xee);
    EXPECT_EQ(replay.write(frame.data(), 0, some_macs()), 60u);
    EXPECT_EQ(ip_of(frame).destination_address(), test::ip("192.0.2.1"));
    EXPECT_EQ(frame[59], 0) << "padding";
    EXPECT_EQ(replay.write(frame.data(), 1, some_macs()), 1042u);
    frame.resize(1042);
    EXPECT_EQ(test::Frame(frame).ethernet().destination, some_macs().to);
    EXPECT_TRUE(test::Frame(frame).checksums_hold());
}

TEST_F(Replays, TakesBareIpToo) {
    const Replay replay(write(DLT_RAW, {Bytes(long_one.begin() + 14, long_one.end())}));
    EXPECT_EQ(replay.packet(0).size(), 1028u);
}

TEST_F(Replays, PassesOverWhatIsNoWholeIpv4Packet) {
    const Bytes arp = test::Arp{net::arp_request, {}, "10.0.0.1", {}, "10.0.0.2"};
    EXPECT_EQ(Replay(write(DLT_EN10MB, {arp, short_one, Bytes(5)})).count(), 1u);
    EXPECT_EQ(Replay(write(DLT_EN10MB, {short_one, long_one}, 100)).count(), 1u) << "cut at 100";
}

TEST_F(Replays, SayWhyAFileCanNotBeReplayed) {
    EXPECT_THROW(Replay("/nowhere"), std::runtime_error);
    EXPECT_THROW(Replay(write(DLT_IEEE802_11, {short_one})), std::runtime_error);
    EXPECT_THROW(Replay(write(DLT_EN10MB, {})), std::runtime_error);
}

TEST_F(Replays, AreCountedWhenTheyComeBackAndTheirChecksumsLookedAt) {
    const Flows flows(wish(1));
    Checker checker({Direction::right, 1, nullptr, nullptr, true}, flows);
    const auto check = [&](const Bytes& frame) {
        checker.check(frame.data(), static_cast<uint32_t>(frame.size()), 0);
    };
    check(forwarded(long_one));
    check(test::ipv4().to("192.0.2.1").options({1, 1, 1, 1}).udp(1, 2).build());
    Bytes wrong = long_one;
    --ip_of(wrong).ttl;
    check(wrong);
    check(Bytes(60));
    EXPECT_EQ(checker.counts().packets, 2u);
    EXPECT_EQ(checker.counts().fault(Fault::ip_checksum), 1u);
    EXPECT_EQ(checker.counts().foreign, 1u);
}

}  // namespace
}  // namespace sluice::generator
