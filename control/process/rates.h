// SPDX-License-Identifier: BSD-3-Clause
// How fast packets come and go, interface by interface: counted over the last second.
#pragma once
#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>

#include "control/intent/places.h"
#include "control/state/read.h"
#include "control/state/state_view.h"

namespace sluice::control {

// Of frames without their check sequence, as they are counted.
struct Rate {
    double rx_packets_per_s = 0, rx_bits_per_s = 0, tx_packets_per_s = 0, tx_bits_per_s = 0;
};

class Rates {
  public:
    // To be called often; looks four times a second.
    void look(const state::StateView& view, const intent::Places::Ids& interfaces, uint64_t now_ns);

    // Nothing until the interface has been there, and a dataplane lived, for a second.
    std::optional<Rate> of(layout::InterfaceId id) const;

  private:
    struct Sample {
        uint64_t time_ns = 0;
        std::unordered_map<layout::InterfaceId, state::Traffic> traffic;
    };
    std::deque<Sample> samples_;  // the oldest first, a second between first and last
    uint64_t opening_ = 0;        // of the memory that they are from
};

}  // namespace sluice::control
