// SPDX-License-Identifier: BSD-3-Clause
// The external addresses of the NAT as routes, so that packets for them reach it.
#pragma once
#include <vector>

#include "control/config/model.h"

namespace sluice::intent {

// Of pools, static and forward rules. An interface's own address may be among them; its own
// route comes first.
std::vector<net::Ipv4Prefix> translated_prefixes(const config::Config& config);

}  // namespace sluice::intent
