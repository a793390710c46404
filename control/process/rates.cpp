// SPDX-License-Identifier: BSD-3-Clause
#include "control/process/rates.h"

#include "lib/time_units.h"

namespace sluice::control {
namespace {

constexpr uint64_t look_every_ns = second_ns / 4;

// A counter that went back is one of a new memory.
double grown(uint64_t before, uint64_t now) {
    return now < before ? 0 : static_cast<double>(now - before);
}

// Of the places for tunnels most have never had one.
bool was_used(const layout::State& state, layout::InterfaceId id) {
    return !layout::is_tunnel(id) ||
           state.tunnels[id - layout::max_ports].identity.load(std::memory_order_relaxed) != 0;
}

}  // namespace

void Rates::look(const state::StateView& view, uint64_t now_ns) {
    if (!view.dataplane_alive() || view.openings() != opening_) samples_.clear();
    if (!view.dataplane_alive()) return;
    if (!samples_.empty() && now_ns - samples_.back().time_ns < look_every_ns) return;
    opening_ = view.openings();
    Sample& now = samples_.emplace_back();
    now.time_ns = now_ns;
    for (layout::InterfaceId id = 0; id < layout::max_interfaces; ++id) {
        if (was_used(*view.get(), id)) now.traffic[id] = state::traffic(*view.get(), id);
    }
    while (samples_.size() > 2 && now_ns - samples_[1].time_ns >= second_ns) samples_.pop_front();
}

std::optional<Rate> Rates::of(layout::InterfaceId id) const {
    if (id >= layout::max_interfaces || samples_.empty()) return std::nullopt;
    const uint64_t ns = samples_.back().time_ns - samples_.front().time_ns;
    if (ns < second_ns) return std::nullopt;
    const state::Traffic& before = samples_.front().traffic[id];
    const state::Traffic& now = samples_.back().traffic[id];
    const double seconds = static_cast<double>(ns) / second_ns;
    return Rate{grown(before.rx_packets, now.rx_packets) / seconds,
                grown(before.rx_bytes, now.rx_bytes) * 8 / seconds,
                grown(before.tx_packets, now.tx_packets) / seconds,
                grown(before.tx_bytes, now.tx_bytes) * 8 / seconds};
}

}  // namespace sluice::control
