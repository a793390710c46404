// SPDX-License-Identifier: BSD-3-Clause
#include <array>

#include <rte_ethdev.h>

#include "dataplane/port/ena.h"

namespace sluice::port::ena {
namespace {

// In the order of DeviceCounters::allowance.
constexpr std::array allowance_names{
    "bw_in_allowance_exceeded",     "bw_out_allowance_exceeded",
    "pps_allowance_exceeded",       "conntrack_allowance_exceeded",
    "linklocal_allowance_exceeded", "conntrack_allowance_available"};

}  // namespace

void read_allowances(uint16_t port, layout::DeviceCounters& counters) {
    for (size_t i = 0; i < allowance_names.size(); ++i) {
        uint64_t id = 0, value = 0;
        if (rte_eth_xstats_get_id_by_name(port, allowance_names[i], &id) != 0) return;
        if (rte_eth_xstats_get_by_id(port, &id, &value, 1) == 1) counters.allowance[i].set(value);
    }
}

}  // namespace sluice::port::ena
