// SPDX-License-Identifier: BSD-3-Clause
#include "control/config/icmp.h"

#include "control/config/fields.h"

namespace sluice::config {

void read_icmp(const nlohmann::json& section, Reading& reading) {
    Icmp& icmp = reading.config.icmp;
    const Fields fields(section, reading.mistakes);
    fields.read("errors_per_second", icmp.errors_per_second);
    fields.read("errors_per_source_per_second", icmp.errors_per_source_per_second);
}

}  // namespace sluice::config
