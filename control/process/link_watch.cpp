// SPDX-License-Identifier: BSD-3-Clause
#include "control/process/link_watch.h"

#include <optional>

#include "control/state/read.h"

namespace sluice::control {
namespace {

// Nothing where it is not known, or not yet.
std::optional<bool> is_up(layout::InterfaceCondition condition) {
    using enum layout::InterfaceCondition;
    if (condition == up) return true;
    if (condition == down || condition == disabled || condition == failed) return false;
    return std::nullopt;
}

}  // namespace

void LinkWatch::look(const state::StateView& view, intent::IntentWriter& intent) {
    if (!view.dataplane_alive()) return;
    bool changed = false;
    for (const auto& [name, id] : intent.interfaces()) {
        const auto status = state::interface_status(*view.get(), id);
        // A status of another name is of an interface that had this place before.
        if (!status || state::text(status->name) != name) continue;
        const std::optional<bool> up = is_up(status->condition);
        if (!up || *up == up_[id]) continue;
        up_[id] = *up;
        changed = true;
    }
    if (changed) intent.set_links(up_);
}

}  // namespace sluice::control
