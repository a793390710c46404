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

TEST(Tunnels, CarryGreInUdpWhereTheyHaveAPort) {
    EXPECT_EQ(accepted_tunnel(R"("type": "gre")").udp_port, std::nullopt);
    EXPECT_EQ(accepted_tunnel(R"("type": "gre", "udp_port": "none")").udp_port, std::nullopt);
    EXPECT_EQ(accepted_tunnel(R"("type": "gre", "udp_port": 4754)").udp_port, 4754);
    for (const char* wrong : {"0", "65536", "-1", "\"any\"", "true"}) {
        EXPECT_THAT(told(tunnel_with(fmt::format(R"("type": "gre", "udp_port": {})", wrong))),
                    ElementsAre(HasSubstr("c.json:4: tunnels.t.udp_port")));
    }
    EXPECT_THAT(told(tunnel_with(R"("type": "ipip", "udp_port": 4754)")),
                ElementsAre(HasSubstr("\"udp_port\" is GRE's")));
    EXPECT_THAT(told(tunnel_with(R"("type": "ipip", "udp_port": "none")")), IsEmpty());
}

TEST(Tunnels, BetweenTheSameEndsDifferByTheirPort) {
    const auto with_second = [](const std::string& members) {
        return told(tunnel_with(R"("type": "gre", "udp_port": 4754 },
            "u": {"type": "gre", "local": "203.0.113.2", "remote": "198.51.100.2")" +
                                members));
    };
    EXPECT_THAT(with_second(""), IsEmpty());
    EXPECT_THAT(with_second(R"(, "udp_port": 4755)"), IsEmpty());
    EXPECT_THAT(with_second(R"(, "udp_port": 4754)"),
                ElementsAre(HasSubstr("nothing tells their packets apart")));
}

}  // namespace
}  // namespace sluice::config
