// SPDX-License-Identifier: BSD-3-Clause
#include "control/process/link_watch.h"

#include "control/state/read.h"

namespace sluice::control {

void LinkWatch::look(const state::StateView& view, intent::IntentWriter& intent) {
    if (!view.dataplane_alive()) return;
    for (unsigned id = 0; id < layout::max_interfaces; ++id) {
        const auto place = static_cast<layout::InterfaceId>(id);
        const std::string& name = intent.interface_name(place);
        if (name.empty()) continue;
        const auto status = state::interface_status(*view.get(), place);
        // A status of another name is of an interface that had this place before.
        if (!status || state::text(status->name) != name) continue;
        switch (status->condition) {
            case layout::InterfaceCondition::up: up_[id] = true; break;
            case layout::InterfaceCondition::down:
            case layout::InterfaceCondition::disabled:
            case layout::InterfaceCondition::failed: up_[id] = false; break;
            default: break;
        }
    }
    intent.set_links(up_);
}

}  // namespace sluice::control
