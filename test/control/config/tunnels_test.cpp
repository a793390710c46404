// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include "test/control/config/told.h"

namespace sluice::config {
namespace {

// A tunnel "t" with these members on line 4.
std::string tunnel_with(const std::string& members) {
    return router_with(R"("tunnels": {"t": {"local": "203.0.113.2", "remote": "198.51.100.2",)"
                       "\n" +
                       members + "}}");
}

Tunnel accepted_tunnel(const std::string& members) {
    for (const Interface& i : accepted(tunnel_with(members)).interfaces) {
        if (i.tunnel) return *i.tunnel;
    }
    return {};
}

TEST(Tunnels, SpreadTheirFlowsAsTheQueuesAskUnlessTold) {
    EXPECT_EQ(accepted_tunnel(R"("type": "gre")").spread, TunnelSpread::automatic);
    EXPECT_EQ(accepted_tunnel(R"("type": "ipip", "spread": "on")").spread, TunnelSpread::on);
    EXPECT_EQ(accepted_tunnel(R"("type": "gre", "spread": "off")").spread, TunnelSpread::off);
    EXPECT_THAT(told(tunnel_with(R"("type": "gre", "spread": "always")")),
                ElementsAre(HasSubstr("c.json:4: tunnels.t.spread: \"always\"")));
}

TEST(Tunnels, CanNotBeSpreadWhereTheirPacketsAreNumbered) {
    EXPECT_THAT(told(tunnel_with(R"("type": "gre", "sequence": true, "spread": "on")")),
                ElementsAre(::testing::AllOf(HasSubstr("c.json:4: tunnels.t.spread"),
                                             HasSubstr("\"sequence\""))));
    EXPECT_THAT(told(tunnel_with(R"("type": "gre", "sequence": true, "spread": "off")")),
                IsEmpty());
}

}  // namespace
}  // namespace sluice::config
