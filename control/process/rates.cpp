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

}  // namespace

void Rates::look(const state::StateView& view, const intent::Places::Ids& interfaces,
                 uint64_t now_ns) {
    if (!view.dataplane_alive() || view.openings() != opening_) samples_.clear();
    if (!view.dataplane_alive()) return;
    if (!samples_.empty() && now_ns - samples_.back().time_ns < look_every_ns) return;
    opening_ = view.openings();
    Sample& now = samples_.emplace_back();
    now.time_ns = now_ns;
    for (const auto& [_, id] : interfaces) now.traffic[id] = state::traffic(*view.get(), id);
    while (samples_.size() > 2 && now_ns - samples_[1].time_ns >= second_ns) samples_.pop_front();
}

std::optional<Rate> Rates::of(layout::InterfaceId id) const {
    if (samples_.empty()) return std::nullopt;
    const uint64_t ns = samples_.back().time_ns - samples_.front().time_ns;
    if (ns < second_ns) return std::nullopt;
    const auto before = samples_.front().traffic.find(id);
    const auto now = samples_.back().traffic.find(id);
    if (before == samples_.front().traffic.end() || now == samples_.back().traffic.end()) {
        return std::nullopt;
    }
    const double seconds = static_cast<double>(ns) / second_ns;
    const auto a_second = [&](uint64_t state::Traffic::*counter) {
        return grown(before->second.*counter, now->second.*counter) / seconds;
    };
    return Rate{a_second(&state::Traffic::rx_packets), a_second(&state::Traffic::rx_bytes) * 8,
                a_second(&state::Traffic::tx_packets), a_second(&state::Traffic::tx_bytes) * 8};
}

}  // namespace sluice::control
