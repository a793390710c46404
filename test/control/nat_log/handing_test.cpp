// SPDX-License-Identifier: BSD-3-Clause
// Each record once, whatever dies or runs over; the file as an example of an outlet.
#include "control/nat_log/handing.h"

#include <filesystem>
#include <fstream>
#include <memory>

#include <gtest/gtest.h>
#include <stdlib.h>

#include "control/config/json.h"
#include "control/nat_log/file_outlet.h"
#include "test/control/nat_log/records.h"

namespace sluice::nat_log {
namespace {

using nlohmann::json;

class Handed : public ::testing::Test {
  protected:
    Handed() {
        char name[] = "/tmp/sluice-nat-log-XXXXXX";
        directory_ = ::mkdtemp(name);
        start();
    }
    ~Handed() override { std::filesystem::remove_all(directory_); }

    // As another control, that finds how far the last one has come.
    void start() {
        handing_.reset();
        outlet_ = std::make_unique<FileOutlet>(file(), plain_words());
        handing_ = std::make_unique<Handing>(*progress_, *outlet_);
    }
    void record(unsigned worker, unsigned count) {
        for (unsigned i = 0; i < count; ++i) {
            rings_[worker].push(record_of(layout::NatLogKind::session_created));
        }
    }
    bool hand_on() { return handing_->hand_on({rings_.get(), 2}); }
    void hand_all_on() {
        while (handing_->waiting({rings_.get(), 2}) > 0) ASSERT_TRUE(hand_on());
    }
    std::string file() const { return directory_ / "nat.jsonl"; }
    std::string text() const {
        std::ifstream in(file());
        return {std::istreambuf_iterator<char>(in), {}};
    }
    // "0:17" for record 17 of worker 0, "lost 0:17+5".
    std::vector<std::string> lines() const {
        std::vector<std::string> result;
        std::ifstream in(file());
        for (std::string line; std::getline(in, line);) {
            const json j = config::parse_json(line);
            std::string at = std::to_string(j["worker"].get<unsigned>()) + ":" +
                             std::to_string(j["number"].get<uint64_t>());
            if (j["event"] == "records_lost") at = "lost " + at + "+" + j["records"].dump();
            result.push_back(at);
        }
        return result;
    }
    // Handed on, but its control died before it could say so.
    void uncount(unsigned count) { progress_->next[0] = progress_->next[0] - count; }

    std::unique_ptr<Progress> progress_ = std::make_unique<Progress>();
    std::unique_ptr<layout::NatLogRing[]> rings_ = std::make_unique<layout::NatLogRing[]>(2);
    std::unique_ptr<FileOutlet> outlet_;
    std::unique_ptr<Handing> handing_;
    std::filesystem::path directory_;
};

using Lines = std::vector<std::string>;

TEST_F(Handed, EachRecordOnceRingByRing) {
    record(0, 2);
    record(1, 1);
    EXPECT_TRUE(hand_on());
    EXPECT_TRUE(hand_on());
    record(0, 1);
    EXPECT_TRUE(hand_on());
    EXPECT_EQ(lines(), (Lines{"0:0", "0:1", "1:0", "0:2"}));
    EXPECT_EQ(progress_->handed_on, 4u);
}

TEST_F(Handed, GoesOnWhereTheLastControlStopped) {
    record(0, 3);
    hand_on();
    start();
    record(0, 2);
    hand_on();
    EXPECT_EQ(lines(), (Lines{"0:0", "0:1", "0:2", "0:3", "0:4"}));
}

TEST_F(Handed, WhatWasWrittenAndNotCountedIsNotWrittenTwice) {
    record(0, 2);
    hand_on();
    record(0, 3);
    hand_on();
    uncount(3);
    start();
    hand_on();
    EXPECT_EQ(lines(), (Lines{"0:0", "0:1", "0:2", "0:3", "0:4"}));
}

TEST_F(Handed, HalfALineThatWasWrittenGoes) {
    record(0, 2);
    hand_on();
    record(0, 3);
    hand_on();
    uncount(3);
    std::filesystem::resize_file(file(), text().size() - 20);
    start();
    hand_on();
    EXPECT_EQ(lines(), (Lines{"0:0", "0:1", "0:2", "0:3", "0:4"}));
}

TEST_F(Handed, AnotherFileInItsPlaceIsNotCut) {
    record(0, 2);
    hand_on();
    uncount(2);
    std::filesystem::rename(file(), file() + ".1");
    std::ofstream(file()) << R"({"worker": 9, "number": 9, "event": ""})"
                          << "\n";
    start();
    hand_on();
    EXPECT_EQ(lines(), (Lines{"9:9", "0:0", "0:1"}));
}

TEST_F(Handed, AFileThatWasRenamedIsWrittenToUntilItIsOpenedAnew) {
    record(0, 1);
    hand_on();
    std::filesystem::rename(file(), file() + ".1");
    record(0, 1);
    hand_on();
    EXPECT_FALSE(std::filesystem::exists(file()));
    outlet_->reopen();
    record(0, 1);
    hand_on();
    EXPECT_EQ(lines(), Lines{"0:2"});
}

TEST_F(Handed, WhatRanOverIsCountedAndTold) {
    record(0, 10);
    hand_on();
    record(0, layout::NatLogRing::size() + 4);
    hand_all_on();
    const Lines all = lines();
    ASSERT_EQ(all.size(), 10 + 1 + layout::NatLogRing::size() - 1);
    EXPECT_EQ(all[10], "lost 0:10+5");
    EXPECT_EQ(all[11], "0:15");
    EXPECT_EQ(progress_->lost, 5u);
}

TEST_F(Handed, WhatCanNotBeWrittenWaits) {
    std::filesystem::remove(file());
    std::filesystem::create_directory(file());
    outlet_->reopen();
    record(0, 3);
    EXPECT_FALSE(hand_on());
    EXPECT_NE(outlet_->trouble(), "");
    EXPECT_EQ(handing_->waiting({rings_.get(), 2}), 3u);
    std::filesystem::remove(file());
    EXPECT_TRUE(hand_on());
    EXPECT_EQ(outlet_->trouble(), "");
    EXPECT_EQ(lines(), (Lines{"0:0", "0:1", "0:2"}));
}

TEST_F(Handed, WhatWasWrittenToAFileThatCameLateIsNotWrittenTwice) {
    std::filesystem::remove_all(directory_);
    start();
    record(0, 2);
    EXPECT_FALSE(hand_on());
    std::filesystem::create_directory(directory_);
    EXPECT_TRUE(hand_on());
    uncount(2);
    start();
    hand_all_on();
    EXPECT_EQ(lines(), (Lines{"0:0", "0:1"}));
}

TEST_F(Handed, ARingThatBeginsAnewIsReadFromItsBeginning) {
    record(0, 5);
    hand_on();
    rings_[0].written = 0;
    record(0, 2);
    hand_on();
    EXPECT_EQ(lines(), (Lines{"0:0", "0:1", "0:2", "0:3", "0:4", "0:0", "0:1"}));
}

TEST_F(Handed, WhatNobodyWantedIsPassedOver) {
    record(0, 5);
    pass_over(*progress_, {rings_.get(), 2});
    record(0, 1);
    hand_on();
    EXPECT_EQ(lines(), Lines{"0:5"});
}

TEST_F(Handed, BelievesNoNumberInProgress) {
    record(0, 2);
    progress_->worker = 0xffffffff;
    progress_->count = 0xffffffff;
    progress_->first = ~uint64_t{0} - 5;
    progress_->next[1] = 77;
    start();
    EXPECT_TRUE(hand_on());
    EXPECT_EQ(lines(), (Lines{"0:0", "0:1"}));
}

}  // namespace
}  // namespace sluice::nat_log
