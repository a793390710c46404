// SPDX-License-Identifier: BSD-3-Clause
#include <array>

#include "control/api/methods.h"
#include "control/state/read.h"

namespace sluice::api {
namespace {

struct StageText {
    const char* name;
    const char* sentence;
};
constexpr std::array<StageText, layout::stage_count> stage_texts{{
#define X(name, sentence) {#name, sentence},
    SLUICE_STAGES(X)
#undef X
}};

constexpr std::array<const char*, layout::tally_count> tally_names{{
#define X(name) #name,
    SLUICE_TALLIES(X)
#undef X
}};

json drops(Control& control, const Params& params) {
    const bool all = params.flag("all");
    control.state.refresh();
    const layout::State* state = control.state.get();
    json reasons = json::array();
    uint64_t total = 0;
    for (unsigned i = 0; i < layout::drop_reason_count; ++i) {
        const auto reason = static_cast<layout::DropReason>(i);
        const layout::DropReasonText& text = layout::text_of(reason);
        const uint64_t packets = state == nullptr ? 0 : state::drops(*state, reason);
        total += packets;
        if (packets == 0 && !all) continue;
        reasons.push_back({{"name", text.name},
                           {"packets", packets},
                           {"severity", state::to_string(text.severity)},
                           {"sentence", text.sentence},
                           {"advice", text.advice}});
    }
    return {{"drops", std::move(reasons)}, {"packets", total}};
}

json tallies(Control& control, const Params&) {
    control.state.refresh();
    json result = json::object();
    for (unsigned i = 0; i < layout::tally_count; ++i) {
        result[tally_names[i]] =
            control.state.get() == nullptr
                ? 0
                : state::tally(*control.state.get(), static_cast<layout::Tally>(i));
    }
    return {{"tallies", std::move(result)}};
}

double ratio(uint64_t cycles, uint64_t packets) {
    return packets == 0 ? 0 : static_cast<double>(cycles) / static_cast<double>(packets);
}

json stages_of(const layout::WorkerBlock& worker) {
    json stages = json::array();
    for (unsigned s = 0; s < layout::stage_count; ++s) {
        const layout::StageCounters& c = worker.stages[s];
        const uint64_t sampled = c.sampled_packets.get();
        stages.push_back({{"stage", stage_texts[s].name},
                          {"sentence", stage_texts[s].sentence},
                          {"packets", c.packets.get()},
                          {"sampled_packets", sampled},
                          {"cycles_per_packet",
                           sampled == 0 ? json() : json(ratio(c.sampled_cycles.get(), sampled))}});
    }
    return stages;
}

json busy_percent(const Control& control, uint32_t worker) {
    const auto percent = control.load.busy_percent(worker);
    return percent ? json(*percent) : json();
}

json cycles(Control& control, const Params&) {
    control.state.refresh();
    json workers = json::array();
    const layout::State* state = control.state.get();
    const uint32_t count = state == nullptr ? 0 : state::worker_count(*state);
    for (uint32_t w = 0; w < count; ++w) {
        const layout::WorkerBlock& worker = state->workers[w];
        workers.push_back(
            {{"worker", w},
             {"busy_percent", busy_percent(control, w)},
             {"packets", worker.busy_packets.get()},
             {"cycles_per_packet", ratio(worker.busy_cycles.get(), worker.busy_packets.get())},
             {"stages", stages_of(worker)}});
    }
    const auto status = state == nullptr ? std::nullopt : state::main_status(*state);
    return {{"tsc_hz", status ? status->tsc_hz : 0}, {"workers", std::move(workers)}};
}

json workers(Control& control, const Params&) {
    control.state.refresh();
    json list = json::array();
    const layout::State* state = control.state.said();
    const uint32_t count = state == nullptr ? 0 : state::worker_count(*state);
    const uint64_t now = control::monotonic_ns();
    for (uint32_t w = 0; w < count; ++w) {
        const layout::WorkerBlock& worker = state->workers[w];
        const uint64_t beat = worker.heartbeat_ns.load(std::memory_order_relaxed);
        uint64_t drops = 0;
        for (const layout::Counter& c : worker.drops) drops += c.get();
        list.push_back({{"worker", w},
                        {"core", worker.core.load(std::memory_order_relaxed)},
                        {"thread", worker.thread.load(std::memory_order_relaxed)},
                        {"generation", worker.generation.load(std::memory_order_acquire)},
                        {"silent_ms", now > beat ? static_cast<double>(now - beat) / 1e6 : 0.0},
                        {"busy_percent", busy_percent(control, w)},
                        {"packets", worker.busy_packets.get()},
                        {"sleeps", worker.sleeps.get()},
                        {"drops", drops}});
    }
    return {{"dataplane_alive", control.state.dataplane_alive()}, {"workers", std::move(list)}};
}

}  // namespace

std::span<const Method> counter_methods() {
    static constexpr Method methods[] = {{"drop.list", drops},
                                         {"tally.list", tallies},
                                         {"cycle.list", cycles},
                                         {"worker.list", workers}};
    return methods;
}

}  // namespace sluice::api
