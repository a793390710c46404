// SPDX-License-Identifier: BSD-3-Clause
#include "control/process/control.h"

#include <ctime>
#include <utility>

#include "control/process/workers.h"
#include "lib/log.h"

namespace sluice::control {
namespace {

spdlog::level::level_enum level_of(layout::Severity severity) {
    switch (severity) {
        case layout::Severity::error: return spdlog::level::err;
        case layout::Severity::warning: return spdlog::level::warn;
        default: return spdlog::level::info;
    }
}

}  // namespace

uint64_t monotonic_ns() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

Control::Control(Options given, layout::Intent& intent_memory, bool fresh, bool huge_pages)
    : options(std::move(given)),
      memory(intent_memory),
      intent_on_huge_pages(huge_pages),
      started_ns(monotonic_ns()),
      state(options.run_directory),
      sessions(options.run_directory),
      intent(intent_memory, fresh, workers_of(state)),
      config(options, intent),
      events([this](const state::LoggedEvent& event) { log_event(event); }),
      nat_log(options.run_directory),
      traces(intent_memory) {}

bool Control::tick() {
    state.refresh();
    if (state.trouble() != last_trouble_) {
        last_trouble_ = state.trouble();
        if (!last_trouble_.empty())
            spdlog::error("event=state_foreign msg={}", as_value(last_trouble_));
    }
    events.drain(state);
    traces.drain(state);
    load.look(state, monotonic_ns());
    rates.look(state, intent.interfaces(), monotonic_ns());
    config.tick();
    follow_links();
    return hand_on_nat_log();
}

bool Control::hand_on_nat_log() {
    const bool more = nat_log.tick(intent.config().nat_log, intent.nat());
    uint64_t lost = 0;
    std::string trouble;
    for (const auto& status : {nat_log.file(), nat_log.ipfix()}) {
        if (!status) continue;
        lost += status->lost;
        if (trouble.empty()) trouble = status->trouble;
    }
    if (trouble != last_nat_log_trouble_ && !trouble.empty()) {
        spdlog::error("event=nat_log_trouble msg={}", as_value(trouble));
    }
    if (lost > nat_log_lost_) spdlog::error("event=nat_log_lost records={}", lost - nat_log_lost_);
    last_nat_log_trouble_ = trouble;
    nat_log_lost_ = lost;
    return more;
}

void Control::follow_links() {
    try {
        links.look(state, intent);
    } catch (const std::runtime_error& error) {
        uint64_t suppressed = 0;
        if (throttle.allow("links", suppressed)) {
            spdlog::error("event=links_failed msg={} suppressed={}", as_value(error.what()),
                          suppressed);
        }
    }
}

state::EventNames Control::names_in(const layout::Event& event) const {
    return {intent.interface_name(event.interface),
            intent.nat_rule_name(static_cast<uint16_t>(event.extra))};
}

void Control::log_event(const state::LoggedEvent& logged) {
    const std::string_view name = state::name_of(logged.event.kind);
    uint64_t suppressed = 0;
    if (!throttle.allow(name, suppressed)) return;
    const std::string interface = intent.interface_name(logged.event.interface);
    spdlog::log(level_of(state::severity(logged.event.kind)), "event={}{}{}{} msg={}", name,
                interface.empty() ? "" : " interface=" + interface,
                logged.worker < 0 ? "" : fmt::format(" worker={}", logged.worker),
                suppressed == 0 ? "" : fmt::format(" suppressed={}", suppressed),
                as_value(state::sentence(logged.event, names_in(logged.event))));
}

}  // namespace sluice::control
