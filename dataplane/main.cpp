// SPDX-License-Identifier: BSD-3-Clause
// sluice-dataplane: takes the state memory, starts EAL, and hands over to the router.
//
// Exit codes: 0 told to stop, 1 can not work, 2 the state memory is another's.
#include <atomic>
#include <csignal>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <sched.h>
#include <spdlog/sinks/stdout_color_sinks.h>

#include "dataplane/process/clock.h"
#include "dataplane/process/eal.h"
#include "dataplane/process/numa.h"
#include "dataplane/process/router.h"
#include "lib/layout/regions.h"
#include "lib/log.h"

namespace sluice {
namespace {

std::atomic<bool> stop{false};

struct Options {
    std::string name = "default";
    std::string run_directory;
    std::string log_level = "info";
    EalWish eal;
    int main_core = -1;
    bool rebuild_state = false;
};

// As of exec: what the loader did before main() is counted by the processor time it took.
uint64_t start_of_process_ns() {
    timespec used{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return monotonic_ns() - (static_cast<uint64_t>(used.tv_sec) * 1'000'000'000 +
                             static_cast<uint64_t>(used.tv_nsec));
}

std::vector<Core> usable_cores() {
    cpu_set_t set;
    CPU_ZERO(&set);
    ::sched_getaffinity(0, sizeof set, &set);
    std::vector<Core> cores;
    for (unsigned core = 0; core < CPU_SETSIZE; ++core) {
        if (CPU_ISSET(core, &set)) cores.push_back({core, node_of_core(core)});
    }
    return cores;
}

void start_log(const std::string& level) {
    auto log = spdlog::stderr_color_mt("sluice");
    log->set_pattern("time=%Y-%m-%dT%H:%M:%S.%e level=%l %v");
    log->set_level(spdlog::level::from_str(level));
    spdlog::set_default_logger(std::move(log));
}

void stop_on_signals() {
    struct sigaction action {};
    action.sa_handler = [](int) { stop.store(true); };
    ::sigaction(SIGTERM, &action, nullptr);
    ::sigaction(SIGINT, &action, nullptr);
    ::signal(SIGPIPE, SIG_IGN);
}

void declare_options(CLI::App& app, Options& o) {
    app.set_version_flag("--version", layout::version);
    app.add_option("--name", o.name, "Name of this router")->capture_default_str();
    app.add_option("--run-dir", o.run_directory, "Where the memories are (/run/sluice/NAME)");
    app.add_flag("--no-huge", o.eal.no_huge, "Use no huge pages");
    app.add_option("--memory", o.eal.memory_mib, "Packet memory, MiB");
    app.add_option("--main-core", o.main_core, "Core of the main thread (the first)");
    app.add_flag("--rebuild-state", o.rebuild_state,
                 "Replace a state memory of another version: sessions and counters are lost");
    app.add_option("--log-level", o.log_level, "trace, debug, info, warning, error or off")
        ->check(CLI::IsMember({"trace", "debug", "info", "warning", "error", "off"}))
        ->capture_default_str();
}

// One who was killed a moment ago owns the memory until the kernel has taken him apart.
shm::Region own_state(const Options& options, const std::string& run_directory) {
    const auto when_foreign =
        options.rebuild_state ? shm::WhenForeign::rebuild : shm::WhenForeign::refuse;
    for (const uint64_t until = monotonic_ns() + 1'000'000'000; monotonic_ns() < until;) {
        try {
            return shm::Region::own(run_directory, layout::state_layout, when_foreign);
        } catch (const shm::Owned&) {
            const timespec pause{0, 2'000'000};
            ::nanosleep(&pause, nullptr);
        }
    }
    return shm::Region::own(run_directory, layout::state_layout, when_foreign);
}

int serve(const Options& options, uint64_t started_ns) {
    RouterSettings settings;
    settings.started_ns = started_ns;
    settings.run_directory =
        options.run_directory.empty() ? "/run/sluice/" + options.name : options.run_directory;
    settings.cores = usable_cores();
    settings.main_core = options.main_core >= 0 ? static_cast<unsigned>(options.main_core)
                                                : settings.cores.front().number;

    if (options.rebuild_state) settings.when_foreign = shm::WhenForeign::rebuild;
    const shm::Region state = own_state(options, settings.run_directory);
    EalWish eal = options.eal;
    eal.main_core = settings.main_core;
    settings.huge_pages = start_eal(eal).huge_pages;
    spdlog::info(
        "event=started name={} version=\"{}\" run_dir={} state={} huge_pages={} "
        "after_ms={:.1f}",
        options.name, layout::version, settings.run_directory.string(),
        state.fresh() ? "fresh" : "found", settings.huge_pages,
        static_cast<double>(monotonic_ns() - started_ns) / 1e6);

    Router(settings, state.as<layout::State>(), state.fresh()).run(stop);
    spdlog::info("event=stopped name={}", options.name);
    return 0;
}

int main(int argc, char** argv) {
    const uint64_t started_ns = start_of_process_ns();
    Options options;
    CLI::App app("The packet-carrying process of Sluice, a virtual router.", "sluice-dataplane");
    declare_options(app, options);
    CLI11_PARSE(app, argc, argv);
    start_log(options.log_level);
    stop_on_signals();
    try {
        return serve(options, started_ns);
    } catch (const shm::Foreign& why) {
        spdlog::critical(
            "event=state_refused reason=\"{}\" advice=\"start this version's "
            "predecessor, or lose the state with --rebuild-state\"",
            why.what());
        return 2;
    } catch (const shm::Owned& why) {
        spdlog::critical("event=state_refused reason=\"{}\"", why.what());
        return 2;
    } catch (const std::exception& why) {
        spdlog::critical("event=failed reason=\"{}\"", why.what());
        return 1;
    }
}

}  // namespace
}  // namespace sluice

int main(int argc, char** argv) { return sluice::main(argc, argv); }
