// SPDX-License-Identifier: BSD-3-Clause
#include "control/process/config_store.h"

#include <algorithm>
#include <ctime>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include "control/config/warnings.h"
#include "control/process/files.h"
#include "control/process/log.h"
#include "lib/log.h"

namespace sluice::control {
namespace {

using nlohmann::json;

constexpr auto running_file = "running.json";
constexpr auto started_from_file = "started-from.json";
constexpr auto unconfirmed_file = "unconfirmed.json";
constexpr std::chrono::hours longest_unconfirmed{24};

int64_t now_ns() {
    timespec now{};
    ::clock_gettime(CLOCK_BOOTTIME, &now);
    return now.tv_sec * 1'000'000'000 + now.tv_nsec;
}

void log_problems(const std::vector<config::Problem>& problems) {
    for (const config::Problem& p : problems) {
        spdlog::error("event=config_problem msg={}", as_value(config::to_string(p)));
    }
}

}  // namespace

ConfigStore::ConfigStore(const Options& options, intent::IntentWriter& intent)
    : options_(options), intent_(intent), history_(options.state_directory) {}

ConfigStore::Outcome ConfigStore::start(bool found) {
    load_unconfirmed();
    const auto running = found ? read_file(in_run(running_file)) : std::nullopt;
    std::string why;
    const auto wanted = read_file(options_.config, &why);
    if (running && wanted && wanted == read_file(in_run(started_from_file))) {
        Outcome resumed = resume(*running);
        if (resumed.is_sound()) return resumed;
    }
    Outcome outcome;
    if (wanted) {
        outcome = apply(*wanted, options_.config.string(), "start");
    } else {
        outcome.problems.push_back(
            {options_.config.string(), {}, {}, {}, "cannot be read: " + why});
    }
    if (outcome.is_sound() || !running) return outcome;
    log_problems(outcome.problems);
    spdlog::error("event=config_refused file={} msg=\"what ran before goes on running\"",
                  as_value(options_.config.string()));
    Outcome resumed = resume(*running);
    return resumed.is_sound() ? resumed : outcome;
}

// The same configuration again: all that the memory holds is right already.
ConfigStore::Outcome ConfigStore::resume(const std::string& text) {
    config::ReadResult read = config::read_config(text, in_run(running_file).string());
    Outcome outcome;
    outcome.problems = std::move(read.problems);
    if (!read.config) return outcome;
    outcome.generation = intent_.apply(*read.config);
    running_ = text;
    document_ = std::move(read.document);
    spdlog::info("event=config_resumed generation={}", outcome.generation);
    return outcome;
}

ConfigStore::Outcome ConfigStore::compare(const std::string& text,
                                          const std::string& filename) const {
    config::ReadResult read = config::read_config(text, filename);
    Outcome outcome;
    outcome.problems = std::move(read.problems);
    outcome.generation = intent_.generation();
    if (!read.config) return outcome;
    outcome.differences = config::differences(document_, read.document);
    outcome.warnings = config::warnings(*read.config);
    return outcome;
}

ConfigStore::Outcome ConfigStore::apply(const std::string& text, const std::string& filename,
                                        const std::string& reason,
                                        std::optional<std::chrono::seconds> confirm_within) {
    config::ReadResult read = config::read_config(text, filename);
    Outcome outcome;
    outcome.problems = std::move(read.problems);
    if (!read.config) return outcome;
    outcome.differences = config::differences(document_, read.document);
    outcome.warnings = config::warnings(*read.config);

    // Before anything changes, so that no kill between the two leaves it confirmed.
    const std::optional<Unconfirmed> before = unconfirmed_;
    if (confirm_within) set_unconfirmed(*confirm_within);
    try {
        outcome.generation = intent_.apply(*read.config);
    } catch (...) {
        if (confirm_within && !before) forget_unconfirmed();
        throw;
    }
    running_ = text;
    document_ = std::move(read.document);
    note_running(text);
    // At a start the way back, if there is one, is kept: the file may be what is unconfirmed.
    if (!confirm_within && reason != "start") forget_unconfirmed();
    outcome.number = remember(text, reason, outcome.generation);
    for (const std::string& warning : outcome.warnings) {
        spdlog::warn("event=config_warning msg={}", as_value(warning));
    }
    spdlog::info(
        "event=config_applied reason={} generation={} differences={}{}", reason, outcome.generation,
        outcome.differences.size(),
        confirm_within ? fmt::format(" confirm_within_s={}", confirm_within->count()) : "");
    return outcome;
}

ConfigStore::Outcome ConfigStore::reload() {
    std::string why;
    Outcome outcome;
    if (const auto text = read_file(options_.config, &why)) {
        outcome = apply(*text, options_.config.string(), "reload");
    } else {
        outcome.problems.push_back(
            {options_.config.string(), {}, {}, {}, "cannot be read: " + why});
    }
    log_problems(outcome.problems);
    return outcome;
}

bool ConfigStore::confirm() {
    if (!unconfirmed_) return false;
    forget_unconfirmed();
    spdlog::info("event=config_confirmed");
    return true;
}

ConfigStore::Outcome ConfigStore::rollback(std::optional<uint32_t> number) {
    std::optional<std::string> text;
    if (number) {
        text = history_.text(*number);
        if (!text) throw std::runtime_error(fmt::format("the history has no number {}", *number));
    } else if (unconfirmed_) {
        text = unconfirmed_->previous;
    } else {
        const auto all = history_.list();
        for (auto entry = all.rbegin(); entry != all.rend() && !text; ++entry) {
            text = history_.text(entry->number);
            if (text == running_) text.reset();
        }
        if (!text) throw std::runtime_error("the history has no other configuration to go back to");
    }
    return apply(*text, number ? fmt::format("history {}", *number) : "the one before", "rollback");
}

void ConfigStore::tick() {
    if (!unconfirmed_ || now_ns() < unconfirmed_->deadline_ns) return;
    spdlog::warn("event=config_unconfirmed msg=\"not confirmed in time: going back\"");
    const std::string previous = unconfirmed_->previous;
    try {
        const Outcome outcome = apply(previous, "the one before", "rollback");
        log_problems(outcome.problems);
    } catch (const std::runtime_error& error) {
        spdlog::error("event=rollback_failed msg={}", as_value(error.what()));
    }
    forget_unconfirmed();
}

std::optional<std::chrono::milliseconds> ConfigStore::time_left() const {
    if (!unconfirmed_) return std::nullopt;
    const int64_t left = std::max<int64_t>(0, unconfirmed_->deadline_ns - now_ns());
    return std::chrono::milliseconds(left / 1'000'000);
}

void ConfigStore::load_unconfirmed() {
    const auto text = read_file(in_run(unconfirmed_file));
    if (!text) return;
    const json marker = config::parse_json(*text);
    if (!marker.is_object() || !marker.contains("previous") || !marker["previous"].is_string() ||
        !marker.contains("deadline_boottime_ns") ||
        !marker["deadline_boottime_ns"].is_number_integer()) {
        return;
    }
    // A run directory that outlived the machine's restart holds a time that means nothing now.
    const int64_t latest = now_ns() + std::chrono::nanoseconds(longest_unconfirmed).count();
    unconfirmed_ = {marker["previous"].get<std::string>(),
                    std::min(marker["deadline_boottime_ns"].get<int64_t>(), latest)};
}

void ConfigStore::set_unconfirmed(std::chrono::seconds within) {
    within = std::clamp(within, std::chrono::seconds(1), std::chrono::seconds(longest_unconfirmed));
    // What was not confirmed either is not what to go back to.
    std::string previous = unconfirmed_ ? unconfirmed_->previous : running_;
    unconfirmed_ = {std::move(previous), now_ns() + std::chrono::nanoseconds(within).count()};
    replace_file(in_run(unconfirmed_file), json{{"previous", unconfirmed_->previous},
                                                {"deadline_boottime_ns", unconfirmed_->deadline_ns}}
                                               .dump());
}

void ConfigStore::forget_unconfirmed() {
    unconfirmed_.reset();
    std::error_code ignored;
    std::filesystem::remove(in_run(unconfirmed_file), ignored);
}

void ConfigStore::note_running(const std::string& text) {
    replace_file(in_run(running_file), text);
    const auto content = read_file(options_.config);
    if (content == text) replace_file(in_run(started_from_file), text);
}

// The disk may be full or read-only: no reason not to forward.
uint32_t ConfigStore::remember(const std::string& text, const std::string& reason,
                               uint64_t generation) {
    try {
        const auto all = history_.list();
        if (!all.empty() && history_.text(all.back().number) == text) return all.back().number;
        return history_.add(text, reason, generation);
    } catch (const std::exception& error) {
        spdlog::warn("event=history_not_kept msg={}", as_value(error.what()));
        return 0;
    }
}

}  // namespace sluice::control
