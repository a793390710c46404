// SPDX-License-Identifier: BSD-3-Clause
// Which external port a flow gets: from all of the rule's, or from the host's share of them.
#pragma once
#include <span>

#include "dataplane/context.h"
#include "dataplane/nat/rules.h"
#include "lib/nat/mapper.h"

namespace sluice::nat {

// One more session on the mapping of the internal endpoint at one of these external addresses; at
// `home`, or where the rule's pooling is arbitrary and that is out of ports, at one of the next.
Acquired take_port(Context& c, const Rule& rule, std::span<const External> externals, PortClass,
                   Endpoint internal, unsigned home) noexcept;

}  // namespace sluice::nat
