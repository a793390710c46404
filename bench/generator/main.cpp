// SPDX-License-Identifier: BSD-3-Clause
// sluice-bench: starts EAL on one core, connects both ports, measures, and writes what it found.
#include <atomic>
#include <csignal>
#include <fstream>
#include <iostream>

#include <fmt/format.h>
#include <rte_cycles.h>
#include <sched.h>
#include <spdlog/sinks/stdout_color_sinks.h>

#include "bench/generator/exit_code.h"
#include "bench/generator/modes.h"
#include "dataplane/process/eal.h"
#include "lib/layout/regions.h"
#include "lib/log.h"

namespace sluice::generator {
namespace {

std::atomic<bool> stop{false};

void stop_on_signals() {
    struct sigaction action {};
    action.sa_handler = [](int) { stop.store(true); };
    ::sigaction(SIGTERM, &action, nullptr);
    ::sigaction(SIGINT, &action, nullptr);
    ::signal(SIGPIPE, SIG_IGN);
}

unsigned first_core() {
    cpu_set_t set;
    CPU_ZERO(&set);
    ::sched_getaffinity(0, sizeof set, &set);
    unsigned core = 0;
    while (core + 1 < CPU_SETSIZE && !CPU_ISSET(core, &set)) ++core;
    return core;
}

void start_log() {
    auto log = spdlog::stderr_color_mt("sluice-bench");
    log->set_pattern("sluice-bench: %v");
    log->set_level(spdlog::level::err);  // why a device failed, its exception says
    spdlog::set_default_logger(std::move(log));
}

EalStarted start(const Options& o) {
    EalWish wish;
    wish.no_huge = o.no_huge;
    wish.memory_mib = o.memory_mib;
    wish.main_core = o.core >= 0 ? static_cast<unsigned>(o.core) : first_core();
    return start_eal(wish);
}

void write(const Json& report, const std::string& file) {
    const std::string text = report.dump(2) + "\n";
    if (file == "-") {
        std::cout << text << std::flush;
        return;
    }
    std::ofstream out(file);
    out << text << std::flush;
    if (!out) throw std::runtime_error(file + ": cannot be written");
}

Outcome connect_and_measure(const Options& options, double tsc_hz, Json& report) {
    Generator generator(options, tsc_hz, stop);
    generator.connect();
    report["drivers"] = {{"left", generator.left().driver()},
                         {"right", generator.right().driver()}};
    try {
        generator.warm_up();
    } catch (const NothingComes& why) {
        fmt::print(stderr, "sluice-bench: {}\n", why.what());
        return {{{"nothing_comes", why.what()}}, exit_faults};
    }
    return measure(generator, options, tsc_hz);
}

int run(const Options& options) {
    const bool huge_pages = start(options).huge_pages;
    const auto tsc_hz = static_cast<double>(rte_get_tsc_hz());
    Json report{{"version", layout::version},
                {"options", describe(options)},
                {"tsc_hz", tsc_hz},
                {"huge_pages", huge_pages}};
    const Outcome outcome = connect_and_measure(options, tsc_hz, report);
    report.update(outcome.found);
    report["exit_status"] = outcome.exit_code;
    write(report, options.json_file);
    return outcome.exit_code;
}

int main(int argc, char** argv) {
    Options options;
    if (const auto end = parse_options(argc, argv, options)) return *end;
    start_log();
    stop_on_signals();
    try {
        return run(options);
    } catch (const std::exception& why) {
        fmt::print(stderr, "sluice-bench: {}\n", why.what());
        return exit_failed;
    }
}

}  // namespace
}  // namespace sluice::generator

int main(int argc, char** argv) { return sluice::generator::main(argc, argv); }
