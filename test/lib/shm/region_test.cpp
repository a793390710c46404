// SPDX-License-Identifier: BSD-3-Clause
#include "lib/shm/region.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "test/lib/shm/processes.h"

namespace sluice::shm {
namespace {

namespace fs = std::filesystem;
using test::Child;
using test::Shared;
using test::wait_until;
using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

constexpr uint64_t region_size = (3u << 20) + 4096;  // no whole number of huge pages

// What the tests keep in a region.
struct Content {
    Stamp stamp;
    std::atomic<uint64_t> value;
    std::array<std::byte, region_size - sizeof(Stamp) - 8> rest;
};
static_assert(sizeof(Content) == region_size);

constexpr Layout ours{"state", 0x1111, "sluice 1.0", region_size};
constexpr Layout newer{"state", 0x2222, "sluice 2.0", region_size};

class RegionTest : public testing::Test {
  protected:
    Region own(const Layout& layout = ours, WhenForeign when = WhenForeign::refuse) {
        return Region::own(run_.path(), layout, when);
    }
    Region view(const Layout& layout = ours) { return Region::view(run_.path(), layout); }
    fs::path file() const { return run_.file("state"); }

    // Leaves a region whose writer is gone and wrote `value` last.
    void leave_region(uint64_t value, const Layout& layout = ours) {
        own(layout).as<Content>().value = value;
    }

    test::RunDirectory run_;
};

TEST_F(RegionTest, MadeFreshIsZeroButForItsStamp) {
    const Region region = own();
    EXPECT_TRUE(region);
    EXPECT_TRUE(region.fresh());
    const auto& content = region.as<Content>();
    EXPECT_EQ(content.stamp.layout, ours.number);
    EXPECT_EQ(content.stamp.size, ours.size);
    EXPECT_STREQ(content.stamp.version, ours.version);
    EXPECT_EQ(content.stamp.retired, 0u);
    EXPECT_EQ(content.value, 0u);
    EXPECT_TRUE(std::all_of(content.rest.begin(), content.rest.end(),
                            [](std::byte b) { return b == std::byte{0}; }));
}

TEST_F(RegionTest, IsFoundWithItsContentsWhenItsWriterIsGone) {
    leave_region(42);
    const Region region = own();
    EXPECT_FALSE(region.fresh());
    EXPECT_EQ(region.as<Content>().value, 42u);
}

TEST_F(RegionTest, IsSeenByAReaderAsItIsWritten) {
    const Region writer = own();
    const Region reader = view();
    EXPECT_FALSE(reader.fresh());
    writer.as<Content>().value = 7;
    EXPECT_EQ(reader.as<const Content>().value, 7u);
}

TEST_F(RegionTest, StaysReadableWhenItsWriterIsGone) {
    leave_region(42);
    const Region reader = view();
    EXPECT_EQ(reader.as<const Content>().value, 42u);
    EXPECT_FALSE(reader.has_writer());
}

TEST_F(RegionTest, RefusesASecondWriterWhileTheFirstLives) {
    const Region first = own();
    EXPECT_THROW(own(), Owned);
    EXPECT_THROW(own(newer, WhenForeign::rebuild), Owned) << "nor may another build replace it";
    Child other([&] {
        try {
            own();
        } catch (const Owned&) {
            return true;
        }
        return false;
    });
    EXPECT_TRUE(other.succeeded()) << "the same in another process";
    EXPECT_NO_THROW(view());
}

TEST_F(RegionTest, AcceptsANewWriterWhenTheFirstWasKilled) {
    Shared<std::atomic<bool>> ready;
    Child first([&] {
        const Region region = own();
        region.as<Content>().value = 99;
        *ready = true;
        for (;;) ::pause();
        return false;
    });
    ASSERT_TRUE(wait_until([&] { return ready->load(); }));
    EXPECT_THROW(own(), Owned);
    first.kill();
    const Region next = own();
    EXPECT_FALSE(next.fresh());
    EXPECT_EQ(next.as<Content>().value, 99u);
}

TEST_F(RegionTest, TellsReadersSinceWhenItIsOwned) {
    uint64_t before = 0;
    {
        const Region first = own();
        before = view().owned_since_ns();
        EXPECT_GT(before, 0u);
        EXPECT_THROW(own(), Owned);
        EXPECT_EQ(view().owned_since_ns(), before) << "who was refused has not taken it";
    }
    const Region reader = view();
    EXPECT_EQ(reader.owned_since_ns(), before) << "of the last writer, also when it is gone";
    const Region next = own();
    EXPECT_GT(reader.owned_since_ns(), before);
}

TEST_F(RegionTest, TellsReadersWhetherItsWriterLives) {
    Shared<std::atomic<bool>> ready;
    std::optional<Child> writer;
    const auto start_writer = [&] {
        *ready = false;
        writer.emplace([&] {
            const Region region = own();
            *ready = true;
            for (;;) ::pause();
            return false;
        });
        ASSERT_TRUE(wait_until([&] { return ready->load(); }));
    };
    start_writer();
    const Region reader = view(), another = view();
    EXPECT_TRUE(reader.has_writer());
    EXPECT_TRUE(another.has_writer()) << "asking takes nothing";
    writer->kill();
    EXPECT_FALSE(reader.has_writer());
    writer.reset();
    start_writer();
    EXPECT_TRUE(reader.has_writer()) << "the next writer is seen through the same mapping";
}

TEST_F(RegionTest, IsMadeOnceWhenManyWritersStartAtTheSameMoment) {
    constexpr unsigned writers = 6;
    struct Race {
        std::atomic<unsigned> ready, done, won, refused;
        std::atomic<bool> go;
    };
    for (unsigned round = 0; round < 10 && !HasFailure(); ++round) {
        test::RunDirectory run;
        Shared<Race> race;
        std::vector<Child> children;
        for (unsigned i = 0; i < writers; ++i) {
            children.emplace_back([&, i] {
                ++race->ready;
                if (!wait_until([&] { return race->go.load(); })) return false;
                Region region;
                try {
                    region = Region::own(run.path(), ours, WhenForeign::refuse);
                    region.as<Content>().value = 1000 + i;
                    ++race->won;
                } catch (const Owned&) {
                    ++race->refused;
                } catch (const std::exception& error) {
                    std::fprintf(stderr, "%s\n", error.what());
                }
                ++race->done;
                const bool all = wait_until([&] { return race->done == writers; });
                return all && (!region || region.as<Content>().value == 1000 + i);
            });
        }
        ASSERT_TRUE(wait_until([&] { return race->ready == writers; }));
        race->go = true;
        for (Child& child : children) EXPECT_TRUE(child.succeeded());
        EXPECT_EQ(race->won, 1u);
        EXPECT_EQ(race->refused, writers - 1);
    }
}

TEST_F(RegionTest, IsAbsentBeforeAnyWriter) {
    EXPECT_THROW(view(), Absent);
    EXPECT_THROW(Region::view(run_.path() / "no" / "such", ours), Absent);
}

TEST_F(RegionTest, IsAbsentWhenItsFileIsGone) {
    leave_region(1);
    fs::remove(file());
    EXPECT_THROW(view(), Absent);
    EXPECT_TRUE(own().fresh());
}

TEST_F(RegionTest, OfAnotherLayoutIsRefusedWithBothVersionsNamed) {
    leave_region(42);
    const auto names_both = ThrowsMessage<Foreign>(
        AllOf(HasSubstr("sluice 1.0"), HasSubstr("0000000000001111"), HasSubstr("sluice 2.0"),
              HasSubstr("0000000000002222"), HasSubstr(run_.path().string()), HasSubstr("state")));
    EXPECT_THAT([&] { view(newer); }, names_both);
    EXPECT_THAT([&] { own(newer); }, names_both);
    EXPECT_EQ(own().as<Content>().value, 42u) << "a refusal changes nothing";
}

TEST_F(RegionTest, OfAnotherLayoutIsRebuiltWhenToldToAndReadersOfTheOldOneLearnOfIt) {
    leave_region(42);
    const Region old_reader = view();
    EXPECT_FALSE(old_reader.retired());

    const Region writer = own(newer, WhenForeign::rebuild);
    EXPECT_TRUE(writer.fresh());
    EXPECT_EQ(writer.as<Content>().value, 0u);
    writer.as<Content>().value = 43;

    EXPECT_TRUE(old_reader.retired());
    EXPECT_FALSE(old_reader.has_writer());
    EXPECT_EQ(old_reader.as<const Content>().value, 42u) << "what is mapped stays as it was";

    const Region new_reader = view(newer);
    EXPECT_FALSE(new_reader.retired());
    EXPECT_TRUE(new_reader.has_writer());
    EXPECT_EQ(new_reader.as<const Content>().value, 43u);
    EXPECT_THROW(view(ours), Foreign);
}

TEST_F(RegionTest, OfTheSameLayoutIsKeptEvenWhenToldToRebuild) {
    leave_region(42);
    const Region region = own(ours, WhenForeign::rebuild);
    EXPECT_FALSE(region.fresh());
    EXPECT_EQ(region.as<Content>().value, 42u);
}

TEST_F(RegionTest, CutShortIsRefusedAtEveryLength) {
    leave_region(42);
    const auto whole = fs::file_size(file());
    for (const uint64_t length : {whole - 1, uint64_t{2} << 20, uint64_t{4096}, uint64_t{129},
                                  sizeof(Stamp), sizeof(Stamp) - 1, uint64_t{1}, uint64_t{0}}) {
        std::error_code refused;  // hugetlbfs cuts at whole pages only
        fs::resize_file(file(), length, refused);
        if (refused) continue;
        EXPECT_THAT([&] { view(); }, ThrowsMessage<Foreign>(HasSubstr("cut short"))) << length;
        EXPECT_THAT([&] { own(); }, ThrowsMessage<Foreign>(HasSubstr("cut short"))) << length;
    }
    EXPECT_TRUE(own(ours, WhenForeign::rebuild).fresh());
    EXPECT_NO_THROW(view());
}

TEST_F(RegionTest, ThatIsNoRegionIsRefused) {
    leave_region(42);
    {
        const Region writer = own();
        std::memset(writer.as<Content>().stamp.magic, 'x', 8);
    }
    EXPECT_THAT([&] { view(); }, ThrowsMessage<Foreign>(HasSubstr("not a region of Sluice")));
    EXPECT_THAT([&] { own(); }, ThrowsMessage<Foreign>(HasSubstr("not a region of Sluice")));

    fs::remove(file());
    fs::remove(run_.path() / "state");
    std::ofstream(run_.path() / "state") << std::string(region_size, 'g');
    EXPECT_THAT([&] { view(); }, ThrowsMessage<Foreign>(HasSubstr("not a region of Sluice")));
    const Region rebuilt = own(ours, WhenForeign::rebuild);
    EXPECT_TRUE(rebuilt.fresh());
    EXPECT_NO_THROW(view());
}

TEST_F(RegionTest, WithAVersionThatHasNoEndIsStillNamed) {
    leave_region(42);
    {
        const Region writer = own();
        Stamp& stamp = writer.as<Content>().stamp;
        std::memset(stamp.version, 'v', sizeof stamp.version);
        stamp.layout = 0x3333;
    }
    EXPECT_THAT([&] { view(); }, ThrowsMessage<Foreign>(HasSubstr(std::string(39, 'v') +
                                                                  " (layout 0000000000003333)")));
}

TEST_F(RegionTest, ThatCanNotBeOpenedIsNeitherAbsentNorReplaced) {
    fs::create_symlink(run_.path() / "state", run_.path() / "state");  // leads to itself
    EXPECT_THAT([&] { view(); }, testing::Throws<Error>());
    try {
        view();
    } catch (const Absent&) {
        ADD_FAILURE() << "its reader would wait for a writer for ever";
    } catch (const Error&) {
    }
    EXPECT_THROW(own(), Error);
    EXPECT_TRUE(fs::is_symlink(run_.path() / "state"));
}

TEST_F(RegionTest, OfOneRunDirectoryIsNotThatOfAnotherCalledAlike) {
    fs::create_directories(run_.path() / "a" / "sluice");
    fs::create_directories(run_.path() / "b" / "sluice");
    const Region a = Region::own(run_.path() / "a" / "sluice", ours, WhenForeign::refuse);
    a.as<Content>().value = 1;
    const Region b = Region::own(run_.path() / "b" / "sluice", ours, WhenForeign::refuse);
    b.as<Content>().value = 2;
    EXPECT_EQ(Region::view(run_.path() / "a" / "sluice", ours).as<const Content>().value, 1u);
    EXPECT_NE(fs::read_symlink(run_.path() / "a" / "sluice" / "state"),
              fs::read_symlink(run_.path() / "b" / "sluice" / "state"));
}

TEST_F(RegionTest, IsTheSameByEveryWayOfWritingItsRunDirectory) {
    const Region writer = own();
    writer.as<Content>().value = 5;
    for (const std::string& way :
         {std::string("/"), std::string("/."), "/../" + run_.path().filename().string()}) {
        const fs::path directory = run_.path().string() + way;
        EXPECT_THROW(Region::own(directory, ours, WhenForeign::refuse), Owned) << way;
        EXPECT_EQ(Region::view(directory, ours).as<const Content>().value, 5u) << way;
    }
}

TEST_F(RegionTest, LeavesNoUnfinishedFileAndNoLink) {
    const Region region = own();
    EXPECT_FALSE(fs::exists(file().string() + ".new"));
    EXPECT_FALSE(fs::exists(fs::symlink_status(run_.path() / "state.new")));
}

TEST_F(RegionTest, IsMadeAnewOverWhatAWriterKilledInItsMakingLeft) {
    leave_region(1);
    const std::string unfinished = file().string() + ".new";
    std::ofstream(unfinished) << "half a region";
    fs::remove(file());
    fs::create_symlink("nowhere", run_.path() / "state.new");
    const Region region = own();
    EXPECT_TRUE(region.fresh());
    EXPECT_EQ(region.as<Content>().value, 0u);
    EXPECT_FALSE(fs::exists(unfinished));
}

TEST_F(RegionTest, MovesWithItsLock) {
    Region first = own();
    Region second = std::move(first);
    EXPECT_FALSE(first);
    EXPECT_THROW(own(), Owned);
    second = Region();
    EXPECT_NO_THROW(own());
}

// What the kernel says, read apart from the code under test.
bool huge_pages_are_to_be_had(uint64_t size) {
    bool mounted = false;
    std::ifstream mounts("/proc/mounts");
    for (std::string line; std::getline(mounts, line);) {
        if (line.find(" hugetlbfs ") == std::string::npos) continue;
        mounted |= line.find("pagesize=1") == std::string::npos;
    }
    uint64_t free = 0, reserved = 0, kilobytes = 0;
    std::ifstream memory("/proc/meminfo");
    for (std::string line; std::getline(memory, line);) {
        std::istringstream fields(line);
        std::string name;
        uint64_t number = 0;
        fields >> name >> number;
        if (name == "HugePages_Free:") free = number;
        if (name == "HugePages_Rsvd:") reserved = number;
        if (name == "Hugepagesize:") kilobytes = number;
    }
    return mounted && kilobytes == 2048 && free - reserved >= (size + (2u << 20) - 1) / (2u << 20);
}

TEST_F(RegionTest, LiesOnHugePagesExactlyWhenThereAreSome) {
    const bool expected = huge_pages_are_to_be_had(region_size);
    const Region region = own();
    EXPECT_EQ(region.on_huge_pages(), expected);
    EXPECT_EQ(view().on_huge_pages(), expected);
    if (!expected) {
        EXPECT_EQ(file().parent_path(), "/dev/shm");
    } else {
        EXPECT_EQ(file().parent_path(), hugetlbfs_mount());
    }
}

TEST_F(RegionTest, IsMappedAtAMultipleOfAHugePageWhereverItLies) {
    for (unsigned i = 0; i < 4; ++i) {
        const Region writer = own(), reader = view();
        for (const Region* region : {&writer, &reader}) {
            EXPECT_EQ(reinterpret_cast<uintptr_t>(&region->as<Stamp>()) % (2u << 20), 0u);
        }
    }
}

TEST_F(RegionTest, HasAllItsMemoryFromTheStart) {
    const Region region = own();
    struct stat info {};
    ASSERT_EQ(::stat(file().c_str(), &info), 0);
    EXPECT_GE(info.st_size, static_cast<off_t>(region_size));
    if (!region.on_huge_pages()) {
        EXPECT_GE(info.st_blocks * 512, info.st_size) << "a store on the packet path could fail";
    }
}

using RegionDeathTest = RegionTest;

TEST_F(RegionDeathTest, KillsAReaderThatWrites) {
    leave_region(42);
    const Region reader = view();
    EXPECT_DEATH(reader.as<Content>().value.store(1), "");
    EXPECT_EQ(reader.as<const Content>().value, 42u);
}

}  // namespace
}  // namespace sluice::shm
