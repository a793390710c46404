// SPDX-License-Identifier: BSD-3-Clause
// What the dataplane costs: its processor time and how busy each worker was, over the last second.
#pragma once
#include <array>
#include <cstdint>
#include <optional>

#include "control/state/state_view.h"

namespace sluice::control {

class Load {
  public:
    // To be called often; looks once a second.
    void look(const state::StateView& view, uint64_t now_ns);

    // Of one core, in percent; nothing before two looks at a living dataplane.
    std::optional<double> dataplane_percent() const { return process_percent_; }
    // Of its core's time, moving packets.
    std::optional<double> busy_percent(uint32_t worker) const;

  private:
    struct Sample {
        uint64_t time_ns = 0;
        uint32_t process = 0;
        uint64_t process_ns = 0;  // its processor time
        std::array<uint64_t, layout::max_workers> busy_cycles{};
    };
    Sample last_;
    std::optional<double> process_percent_;
    std::array<std::optional<double>, layout::max_workers> busy_percent_;
};

}  // namespace sluice::control
