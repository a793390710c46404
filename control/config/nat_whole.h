// SPDX-License-Identifier: BSD-3-Clause
// What only shows when all NAT rules are seen together: addresses that two rules want for
// themselves, forwards that no packet would reach, and more than there is room for.
#pragma once
#include <span>

#include "control/config/nat_rule.h"

namespace sluice::config {

void check_nat_whole(std::span<const ReadRule> rules, Reading& reading);

}  // namespace sluice::config
