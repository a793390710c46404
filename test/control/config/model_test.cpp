// SPDX-License-Identifier: BSD-3-Clause
#include "control/config/model.h"

#include "test/control/config/told.h"

namespace sluice::config {
namespace {

TEST(Model, ConnectsAnAddressToTheLongestNetworkThatHasIt) {
    const auto config = accepted(R"({"interfaces": {"lan": {"device": "net_tap0",
        "addresses": ["10.0.0.1/8", "10.1.0.1/16"]}}})");
    const auto connection = connection_to(config, net::addr(10, 1, 2, 3));
    ASSERT_TRUE(connection);
    EXPECT_EQ(connection->interface->name, "lan");
    EXPECT_EQ(connection->address.length, 16);
    EXPECT_FALSE(connection_to(config, net::addr(11, 0, 0, 1)));
}

TEST(Model, KnowsWhoseAnAddressIs) {
    const auto config = accepted(router_with(R"("arp": {})"));
    EXPECT_EQ(owner_of(config, net::addr(203, 0, 113, 2)), find_interface(config, "wan"));
    EXPECT_EQ(owner_of(config, net::addr(203, 0, 113, 3)), nullptr);
    EXPECT_EQ(find_interface(config, "dmz"), nullptr);
}

TEST(Model, NamesItsChoicesAsTheFileDoes) {
    EXPECT_EQ(to_string(Polling::busy), "busy");
    EXPECT_EQ(to_string(ReversePath::strict), "strict");
    EXPECT_EQ(to_string(RouteType::prohibit), "prohibit");
}

}  // namespace
}  // namespace sluice::config
