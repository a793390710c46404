// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>

#include <fmt/format.h>

#include "control/api/methods.h"
#include "control/process/files.h"
#include "control/process/workers.h"
#include "control/state/read.h"

namespace sluice::api {
namespace {

using control::ConfigStore;

struct Source {
    std::string text;
    std::string filename;
};

// The text that came with the request, or the file that control was started with.
Source source_of(const Control& control, const Params& params) {
    if (auto text = params.optional_text("text")) {
        return {std::move(*text), params.optional_text("filename").value_or("config")};
    }
    std::string why;
    const std::string filename = control.config.file().string();
    if (auto text = control::read_file(filename, &why)) return {std::move(*text), filename};
    throw Failure(error::refused, fmt::format("{}: cannot be read: {}", filename, why));
}

json result_of(const ConfigStore::Outcome& outcome) {
    if (!outcome.is_sound()) {
        throw Failure(error::refused,
                      fmt::format("the configuration has {} problem{}; what ran before goes on",
                                  outcome.problems.size(), outcome.problems.size() == 1 ? "" : "s"),
                      {{"problems", outcome.problems}});
    }
    return {{"generation", outcome.generation},
            {"history", outcome.number},
            {"differences", outcome.differences},
            {"warnings", outcome.warnings}};
}

json diff(Control& control, const Params& params) {
    const Source source = source_of(control, params);
    json result = result_of(control.config.compare(source.text, source.filename));
    result.erase("history");
    return result;
}

json apply(Control& control, const Params& params) {
    const Source source = source_of(control, params);
    if (params.flag("dry_run")) {
        json result = result_of(control.config.compare(source.text, source.filename));
        result["history"] = 0;
        return result;
    }
    std::optional<std::chrono::seconds> confirm;
    if (const auto seconds = params.optional_number("confirm_s", 86400)) {
        if (*seconds == 0) throw Failure(error::invalid_params, "\"confirm_s\" is at least 1");
        confirm = std::chrono::seconds(*seconds);
    }
    return result_of(control.config.apply(source.text, source.filename, "apply", confirm));
}

json confirm(Control& control, const Params&) { return {{"confirmed", control.config.confirm()}}; }

json rollback(Control& control, const Params& params) {
    std::optional<uint32_t> number;
    if (const auto given = params.optional_number("number", UINT32_MAX)) {
        number = static_cast<uint32_t>(*given);
    }
    return result_of(control.config.rollback(number));
}

json reload(Control& control, const Params&) { return result_of(control.config.reload()); }

json history(Control& control, const Params&) {
    const control::History& history = control.config.history();
    const auto all = history.list();
    const auto running = std::find_if(all.rbegin(), all.rend(), [&](const auto& entry) {
        return history.text(entry.number) == control.config.running();
    });
    json entries = json::array();
    for (const auto& entry : all) {
        entries.push_back({{"number", entry.number},
                           {"time", entry.time_s},
                           {"reason", entry.reason},
                           {"generation", entry.generation},
                           {"running", running != all.rend() && entry.number == running->number}});
    }
    return {{"history", std::move(entries)}};
}

json get_config(Control& control, const Params& params) {
    if (const auto number = params.optional_number("number", UINT32_MAX)) {
        const auto text = control.config.history().text(static_cast<uint32_t>(*number));
        if (!text)
            throw Failure(error::refused, fmt::format("the history has no number {}", *number));
        return {{"text", *text}};
    }
    return {{"text", control.config.running()}};
}

json worker_progress(const layout::State& state, uint64_t generation) {
    json workers = json::array();
    const uint32_t count = state::worker_count(state);
    for (uint32_t w = 0; w < count; ++w) {
        const uint64_t at = state.workers[w].generation.load(std::memory_order_acquire);
        workers.push_back({{"worker", w}, {"generation", at}, {"reached", at >= generation}});
    }
    return workers;
}

json interface_progress(const Control& control, const config::Interface& wanted,
                        uint64_t generation) {
    const layout::InterfaceId id = control.intent.interface_id(wanted.name);
    const auto status = state::interface_status(*control.state.get(), id);
    json result{{"name", wanted.name},     {"wanted", wanted.enabled ? "up" : "disabled"},
                {"condition", "starting"}, {"generation", 0},
                {"reached", false},        {"why", ""}};
    if (!status || state::text(status->name) != wanted.name) return result;
    const auto goal =
        wanted.enabled ? layout::InterfaceCondition::up : layout::InterfaceCondition::disabled;
    result["condition"] = state::to_string(status->condition);
    result["generation"] = status->generation;
    result["reached"] = status->generation >= generation && status->condition == goal;
    result["why"] = state::text(status->why);
    return result;
}

// Of the NAT's places for sessions; empty where there are as many as are wished for.
std::string sessions_after_restart(Control& control) {
    control.sessions.refresh();
    const size_t there = control.sessions.sessions().size();
    const uint32_t wanted = control.intent.nat().settings.sessions;
    if (wanted == 0 || there == wanted) return {};
    return fmt::format(
        "there are {} places for NAT sessions until the dataplane is started again, "
        "then sessions.max, {}",
        there, wanted);
}

// What the dataplane takes at its start only, one sentence each.
json after_restart(Control& control, const layout::MainStatus& status) {
    json sentences = json::array();
    const uint32_t wanted = control.intent.config().dataplane.buffers;
    if (status.buffers != 0 && status.buffers != wanted) {
        sentences.push_back(fmt::format(
            "dataplane.buffers stays {} until the dataplane is started again, then it is {}",
            status.buffers, wanted));
    }
    if (std::string sessions = sessions_after_restart(control); !sessions.empty()) {
        sentences.push_back(std::move(sessions));
    }
    return sentences;
}

// How far the dataplane has come with a generation.
json progress(Control& control, const Params& params) {
    const uint64_t generation = params.number("generation", UINT64_MAX);
    control.state.refresh();
    control.follow_links();
    const bool alive = control.state.dataplane_alive();
    json result{{"generation", generation},
                {"dataplane_alive", alive},
                {"workers", json::array()},
                {"interfaces", json::array()},
                {"refused", ""},
                {"after_restart", json::array()},
                {"reached", false}};
    if (!alive || control.state.dataplane_starting()) return result;
    const layout::State& state = *control.state.get();
    if (const auto status = state::main_status(state)) {
        if (status->refused >= generation) result["refused"] = state::text(status->message);
        result["after_restart"] = after_restart(control, *status);
    }
    result["workers"] = worker_progress(state, generation);
    bool reached = control::all_follow(state, generation);
    for (const config::Interface& wanted : control.intent.config().interfaces) {
        json one = interface_progress(control, wanted, generation);
        reached = reached && one["reached"].get<bool>();
        result["interfaces"].push_back(std::move(one));
    }
    result["reached"] = reached;
    return result;
}

}  // namespace

std::span<const Method> config_methods() {
    static constexpr Method methods[] = {
        {"config.diff", diff},      {"config.apply", apply},       {"config.confirm", confirm},
        {"config.reload", reload},  {"config.rollback", rollback}, {"config.history", history},
        {"config.get", get_config}, {"config.progress", progress},
    };
    return methods;
}

}  // namespace sluice::api
