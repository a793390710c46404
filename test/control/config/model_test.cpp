// SPDX-License-Identifier: BSD-3-Clause
#include "control/config/model.h"

#include "test/control/config/told.h"

namespace sluice::config {
namespace {

TEST(Model, NamesItsChoicesAsTheFileDoes) {
    EXPECT_EQ(to_string(Polling::busy), "busy");
    EXPECT_EQ(to_string(ReversePath::strict), "strict");
    EXPECT_EQ(to_string(RouteType::prohibit), "prohibit");
}

}  // namespace
}  // namespace sluice::config
