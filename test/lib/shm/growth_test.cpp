// SPDX-License-Identifier: BSD-3-Clause
// Regions whose size is a matter of configuration.
#include <filesystem>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "lib/shm/region.h"
#include "test/lib/shm/processes.h"

namespace sluice::shm {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::ThrowsMessage;

constexpr uint64_t mebibyte = 1u << 20;
constexpr uint64_t small = 3 * mebibyte;
constexpr uint64_t large = 7 * mebibyte + 4096;

constexpr Layout layout_of(uint64_t size) { return {"sessions", 0x1111, "sluice 1.0", size}; }

class GrowthTest : public testing::Test {
  protected:
    Region own(uint64_t size) {
        return Region::own(run_.path(), layout_of(size), WhenForeign::refuse);
    }
    Region view(uint64_t at_least = sizeof(Stamp)) {
        return Region::view(run_.path(), layout_of(at_least));
    }
    fs::path file() const { return run_.file("sessions"); }
    static uint64_t& word(const Region& region, uint64_t at) {
        return *(&region.as<uint64_t>() + at / 8);
    }

    test::RunDirectory run_;
};

TEST_F(GrowthTest, KeepsWhatItHeldAndAddsZeros) {
    word(own(small), small - 8) = 42;
    const Region grown = own(large);
    EXPECT_FALSE(grown.fresh());
    EXPECT_EQ(grown.size(), large);
    EXPECT_EQ(word(grown, small - 8), 42u);
    for (uint64_t at = small; at < large; at += 8) ASSERT_EQ(word(grown, at), 0u) << at;
    word(grown, large - 8) = 43;
    EXPECT_EQ(word(view(), large - 8), 43u);
}

TEST_F(GrowthTest, HasAllMemoryThatIsAdded) {
    own(small);
    const Region grown = own(large);
    struct stat info {};
    ASSERT_EQ(::stat(file().c_str(), &info), 0);
    if (!grown.on_huge_pages()) {
        EXPECT_GE(info.st_blocks * 512, static_cast<off_t>(large));
    }
}

TEST_F(GrowthTest, DoesNotMakeAnythingSmaller) {
    word(own(large), large - 8) = 42;
    const auto length = fs::file_size(file());
    const Region region = own(small);
    EXPECT_FALSE(region.fresh());
    EXPECT_EQ(region.size(), large) << "and all of it is there";
    EXPECT_EQ(word(region, large - 8), 42u);
    EXPECT_EQ(fs::file_size(file()), length);
}

TEST_F(GrowthTest, IsSeenByReadersWhoKeepWhatTheyHaveMapped) {
    word(own(small), 4096) = 42;
    const Region reader = view();
    EXPECT_EQ(reader.size(), small);
    EXPECT_FALSE(reader.grown());
    const Region writer = own(large);
    EXPECT_TRUE(reader.grown());
    EXPECT_FALSE(reader.retired());
    word(writer, 4096) = 43;
    EXPECT_EQ(word(reader, 4096), 43u) << "the same memory";
    const Region again = view();
    EXPECT_EQ(again.size(), large);
    EXPECT_FALSE(again.grown());
}

TEST_F(GrowthTest, IsRefusedToAReaderWhoNeedsMoreThanThereIs) {
    own(small);
    EXPECT_NO_THROW(view(small));
    EXPECT_THAT([&] { view(large); }, ThrowsMessage<Foreign>(HasSubstr("are needed")));
}

TEST_F(GrowthTest, GoesOnAfterAWriterThatWasKilledInTheMidst) {
    word(own(small), 4096) = 42;
    std::error_code refused;  // the file was made longer, its pages and the stamp were not yet
    fs::resize_file(file(), 8 * mebibyte, refused);
    ASSERT_FALSE(refused);
    EXPECT_EQ(view().size(), small);
    EXPECT_EQ(own(small).size(), small);
    const Region grown = own(large);
    EXPECT_EQ(grown.size(), large);
    EXPECT_EQ(word(grown, 4096), 42u);
    struct stat info {};
    ASSERT_EQ(::stat(file().c_str(), &info), 0);
    if (!grown.on_huge_pages()) {
        EXPECT_GE(info.st_blocks * 512, static_cast<off_t>(large));
    }
}

TEST_F(GrowthTest, ThatThereIsNoRoomForLeavesTheRegionAsItWas) {
    word(own(small), 4096) = 42;
    const auto length = fs::file_size(file());
    test::Child writer([&] {
        ::signal(SIGXFSZ, SIG_IGN);
        const rlimit limit{6 * mebibyte, 6 * mebibyte};
        if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) return false;
        try {
            own(large);
        } catch (const Foreign&) {
            return false;
        } catch (const Error& error) {
            return std::string(error.what()).find("no room") != std::string::npos;
        }
        return view().on_huge_pages();  // which knows no such limit
    });
    EXPECT_TRUE(writer.succeeded());
    if (view().on_huge_pages()) return;
    EXPECT_EQ(fs::file_size(file()), length);
    EXPECT_EQ(word(own(small), 4096), 42u);
}

TEST_F(GrowthTest, WithASizeThatIsNonsenseIsRefused) {
    {
        const Region writer = own(small);
        writer.as<Stamp>().size = ~uint64_t{0};
    }
    EXPECT_THAT([&] { view(); }, ThrowsMessage<Foreign>(HasSubstr("cut short")));
    EXPECT_THAT([&] { own(large); }, ThrowsMessage<Foreign>(HasSubstr("cut short")));
}

}  // namespace
}  // namespace sluice::shm
