// SPDX-License-Identifier: BSD-3-Clause
#include "control/config/nat_shares.h"

#include "test/control/config/told.h"

namespace sluice::config {
namespace {

using net::addr;

Config with_rule(const std::string& members) {
    return accepted(router_with(R"("nat": [{"name": "carrier", "type": "source", )" + members +
                                R"(, "port_choice": "deterministic"}])"));
}

TEST(NatShares, TellWhoHasAPortAndWhichPortsAHostHas) {
    const Config config =
        with_rule(R"("from": ["10.0.9.0/30", "10.0.0.0/30"], "to": "203.0.113.8/31",
                     "ports": "2000-2999")");
    const PortShare share{"carrier", addr(10, 0, 0, 1), addr(203, 0, 113, 9), {2250, 2499}};
    EXPECT_THAT(shares_with(config, addr(203, 0, 113, 9), 2250), ElementsAre(share));
    EXPECT_THAT(shares_with(config, addr(203, 0, 113, 9), 2499), ElementsAre(share));
    EXPECT_THAT(shares_of(config, addr(10, 0, 0, 1)), ElementsAre(share));
    EXPECT_THAT(shares_with(config, addr(203, 0, 113, 9), 1999), IsEmpty());
    EXPECT_THAT(shares_with(config, addr(203, 0, 113, 10), 2250), IsEmpty());
    EXPECT_THAT(shares_of(config, addr(10, 0, 0, 4)), IsEmpty());
}

TEST(NatShares, AreOfTheInterfacesAddressWhereTheRuleSharesThat) {
    const Config config = with_rule(
        R"("from": "10.0.0.8/31", "out": "wan", "to": "interface", "ports": "2000-2999")");
    const PortShare share{"carrier", addr(10, 0, 0, 9), addr(203, 0, 113, 2), {2500, 2999}};
    EXPECT_THAT(shares_of(config, addr(10, 0, 0, 9)), ElementsAre(share));
    EXPECT_THAT(shares_with(config, addr(203, 0, 113, 2), 2600), ElementsAre(share));
}

TEST(NatShares, AreNobodysByARuleThatChoosesOtherwise) {
    const Config config = accepted(
        router_with(R"("nat": [{"type": "source", "from": "10.0.0.0/30", "to": "203.0.113.8"}])"));
    EXPECT_THAT(shares_of(config, addr(10, 0, 0, 1)), IsEmpty());
    EXPECT_THAT(shares_with(config, addr(203, 0, 113, 8), 2000), IsEmpty());
}

}  // namespace
}  // namespace sluice::config
