// SPDX-License-Identifier: BSD-3-Clause
#include "control/config/dataplane.h"

#include <fmt/format.h>

#include "control/config/fields.h"

namespace sluice::config {

void read_dataplane(const nlohmann::json& section, Reading& reading) {
    Dataplane& dataplane = reading.config.dataplane;
    const Fields fields(section, reading.mistakes);
    fields.read("workers", dataplane.workers);
    fields.read("polling", dataplane.polling, polling_names);
    fields.read("buffers", dataplane.buffers);

    const nlohmann::json* cores = fields.find("cores");
    for (const nlohmann::json* core : items_of(cores)) {
        if (!reading.mistakes.any_about(*core)) dataplane.cores.push_back(core->get<uint16_t>());
    }
    if (cores != nullptr && dataplane.workers && cores->size() > *dataplane.workers) {
        reading.mistakes.add(
            *cores,
            fmt::format("{} cores for {} worker{}; list no more cores than workers", cores->size(),
                        *dataplane.workers, *dataplane.workers == 1 ? "" : "s"));
    }
}

}  // namespace sluice::config
