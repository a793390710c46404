// SPDX-License-Identifier: BSD-3-Clause
#include "control/config/arp.h"

#include "control/config/fields.h"

namespace sluice::config {

void read_arp(const nlohmann::json& section, Reading& reading) {
    Arp& arp = reading.config.arp;
    const Fields fields(section, reading.mistakes);
    fields.read("reachable_s", arp.reachable_s);
    fields.read("stale_s", arp.stale_s);
    fields.read("retry_s", arp.retry_s);
    fields.read("attempts", arp.attempts);
    fields.read("max_entries", arp.max_entries);
}

}  // namespace sluice::config
