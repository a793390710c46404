// SPDX-License-Identifier: BSD-3-Clause
#include "control/config/sections.h"

#include "control/config/arp.h"
#include "control/config/dataplane.h"
#include "control/config/icmp.h"
#include "control/config/interfaces.h"
#include "control/config/multicast.h"
#include "control/config/nat.h"
#include "control/config/nat_log.h"
#include "control/config/neighbours.h"
#include "control/config/routes.h"
#include "control/config/sessions.h"
#include "control/config/tunnels.h"

namespace sluice::config {

std::span<const Section> sections() {
    // clang-format off
    static constexpr Section all[] = {
        {"dataplane", read_dataplane},
        {"interfaces", read_interfaces},
        {"tunnels", read_tunnels},
        {"neighbours", read_neighbours},
        {"routes", read_routes},
        {"multicast", read_multicast},
        {"nat", read_nat},
        {"sessions", read_sessions},
        {"nat_log", read_nat_log},
        {"arp", read_arp},
        {"icmp", read_icmp},
    };
    // clang-format on
    return all;
}

}  // namespace sluice::config
