// SPDX-License-Identifier: BSD-3-Clause
// Tells the routes which links are up, as the dataplane says. While it says nothing of a link
// (it is starting, or no dataplane lives), what was last known stands: a dataplane that restarts
// makes no route flap.
#pragma once
#include <vector>

#include "control/intent/intent_writer.h"
#include "control/state/state_view.h"

namespace sluice::control {

class LinkWatch {
  public:
    LinkWatch() : up_(layout::max_interfaces, true) {}
    void look(const state::StateView& view, intent::IntentWriter& intent);

  private:
    std::vector<bool> up_;
};

}  // namespace sluice::control
