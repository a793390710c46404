// SPDX-License-Identifier: BSD-3-Clause
#include "bench/generator/modes.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include <fmt/format.h>
#include <unistd.h>

#include "bench/generator/exit_code.h"

namespace sluice::generator {
namespace {

// So that who reads of a trial can ask the router what it cost, and disturbs no other.
constexpr std::chrono::milliseconds between_trials{500};

// A line that the next one takes the place of, for people alone.
void show_progress(const std::string& text) {
    if (::isatty(STDERR_FILENO)) fmt::print(stderr, "\r\x1b[K{}", text);
}

void say(const std::string& text) {
    show_progress("");
    fmt::print(stderr, "{}\n", text);
}

int judge(const TrialResult& trial, double allowed_loss) {
    return trial.faults() > 0 || trial.loss() > allowed_loss ? exit_faults : exit_well;
}

TrialResult trial_at(double pps, Generator& generator, const Options& o, double tsc_hz) {
    const auto show = [&](const TrialResult& so_far) {
        show_progress(fmt::format("{:.0f} s, {}", so_far.seconds, summary(so_far, tsc_hz)));
    };
    TrialResult trial = generator.run({pps, o.seconds, 0, 1, show});
    say(summary(trial, tsc_hz));
    return trial;
}

Outcome at_a_rate(Generator& generator, const Options& o, double tsc_hz) {
    const TrialResult first = trial_at(o.pps, generator, o, tsc_hz);
    Json found{{"trial", describe(first, tsc_hz)}, {"limited_by", limit_name(first, o.pps)}};
    int code = judge(first, o.allowed_loss);
    const double came_back = first.received_pps() / static_cast<double>(first.streams.size());
    for (const double load : o.loads) {
        std::this_thread::sleep_for(between_trials);
        const TrialResult trial = trial_at(std::max(1.0, load * came_back), generator, o, tsc_hz);
        found["loads"].push_back({{"share", load}, {"trial", describe(trial, tsc_hz)}});
        code = std::max(code, judge(trial, o.allowed_loss));
        if (trial.interrupted) break;
    }
    return {found, code};
}

Outcome searching(Generator& generator, const Options& o, double tsc_hz) {
    uint64_t faults = 0;
    const auto trial = [&](double pps) {
        const TrialResult done = generator.run({pps, o.seconds, 0, 1, {}});
        if (done.interrupted) throw std::runtime_error("interrupted in the middle of the search");
        faults += done.faults();
        const auto directions = static_cast<double>(done.streams.size());
        say(fmt::format("{}: {}",
                        pps == 0 ? "all that can be sent" : fmt::format("{:.3f} Mpps", pps / 1e6),
                        summary(done, tsc_hz)));
        return TrialOutcome{done.offered_pps() / directions, done.received_pps() / directions,
                            done.loss()};
    };
    const SearchResult result = search_rate({o.allowed_loss, o.width, o.repeats}, trial);
    say(fmt::format("{}: {:.3f} Mpps in each direction{}", to_string(o.mode), result.pps / 1e6,
                    result.limited_by_generator ? ", as much as could be sent" : ""));
    return {{{"search", describe(result)}, {"faults", faults}},
            faults > 0 || result.pps == 0 ? exit_faults : exit_well};
}

// A device that does not take a packet at once has no room left, and a wire would not wait.
Outcome back_to_back(Generator& generator, const Options& o, double tsc_hz) {
    uint64_t faults = 0;
    const auto send = [&](uint64_t packets) {
        const TrialResult burst = generator.run({0, 0, packets, 1, {}});
        if (burst.interrupted) throw std::runtime_error("interrupted in the middle of the search");
        faults += burst.faults();
        const bool waited = std::ranges::any_of(
            burst.streams, [](const StreamResult& s) { return s.sent.held_up > 0; });
        show_progress(fmt::format("{} packets: {}", packets, summary(burst, tsc_hz)));
        return BurstOutcome{burst.offered_pps(), burst.loss() == 0 && !waited};
    };
    const BackToBack found = search_burst({o.most_packets, o.width, o.repeats, o.tests}, send);
    say(fmt::format("back-to-back: {:.0f} packets at {:.3f} Mpps, {} tests{}", found.mean_length,
                    found.offered_pps / 1e6, found.lengths.size(),
                    found.limited_by_goal ? ", no longer ones were tried" : ""));
    return {{{"back_to_back", describe(found, o.pps)}, {"faults", faults}},
            faults > 0 || found.mean_length == 0 ? exit_faults : exit_well};
}

Outcome soaking(Generator& generator, const Options& o, double tsc_hz) {
    Json intervals = Json::array();
    const TrialResult trial = generator.run(
        {o.pps, o.seconds, 0, o.interval_s, [&](const TrialResult& so_far) {
             say(fmt::format("{:.0f} s, {}", so_far.seconds, summary(so_far, tsc_hz)));
             intervals.push_back({{"seconds", so_far.seconds},
                                  {"not_back", so_far.loss()},
                                  {"faults", so_far.faults()}});
         }});
    say(summary(trial, tsc_hz));
    return {{{"trial", describe(trial, tsc_hz)}, {"intervals", intervals}},
            judge(trial, o.allowed_loss)};
}

}  // namespace

Outcome measure(Generator& generator, const Options& options, double tsc_hz) {
    switch (options.mode) {
        case Mode::ndr:
        case Mode::pdr: return searching(generator, options, tsc_hz);
        case Mode::back_to_back: return back_to_back(generator, options, tsc_hz);
        case Mode::soak: return soaking(generator, options, tsc_hz);
        case Mode::rate: break;
    }
    return at_a_rate(generator, options, tsc_hz);
}

}  // namespace sluice::generator
