// SPDX-License-Identifier: BSD-3-Clause
#include "control/state/growing_region.h"

#include <gtest/gtest.h>

#include "test/lib/shm/processes.h"

namespace sluice::state {
namespace {

constexpr shm::Layout least{"sessions", 7, "sluice 1.0", 4096};
constexpr shm::Layout larger{"sessions", 7, "sluice 1.0", 16384};
constexpr shm::Layout foreign{"sessions", 8, "sluice 2.0", 4096};

class GrowingRegionTest : public testing::Test {
  protected:
    shm::Region made(const shm::Layout& layout) {
        return shm::Region::own(run_.path(), layout, shm::WhenForeign::rebuild);
    }

    test::RunDirectory run_;
    GrowingRegion region_{run_.path(), least};
};

TEST_F(GrowingRegionTest, IsNotThereUntilItsWriterHasMadeIt) {
    region_.refresh();
    EXPECT_FALSE(region_);
    EXPECT_EQ(region_.trouble(), "");
    const shm::Region writer = made(least);
    region_.refresh();
    EXPECT_EQ(region_.size(), least.size);
}

TEST_F(GrowingRegionTest, GrowsWithItsWriter) {
    made(least);
    region_.refresh();
    const shm::Region writer = made(larger);
    EXPECT_EQ(region_.size(), least.size) << "until it is looked for";
    region_.refresh();
    EXPECT_EQ(region_.size(), larger.size);
}

TEST_F(GrowingRegionTest, SaysWhyAnotherBuildsMemoryIsNotToBeRead) {
    made(least);
    region_.refresh();
    made(foreign);
    region_.refresh();
    EXPECT_FALSE(region_);
    EXPECT_NE(region_.trouble().find("sluice 2.0"), std::string::npos) << region_.trouble();
    made(larger);
    region_.refresh();
    EXPECT_EQ(region_.size(), larger.size);
    EXPECT_EQ(region_.trouble(), "");
}

}  // namespace
}  // namespace sluice::state
