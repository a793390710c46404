// SPDX-License-Identifier: BSD-3-Clause
// sluice-control: owns the intent memory, keeps it as the configuration and the routes say, and
// answers `sluice`. Its end, however it comes, changes nothing for traffic.
#include <chrono>
#include <csignal>
#include <cstdio>
#include <functional>

#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <asio/steady_timer.hpp>
#include <fmt/format.h>

#include "control/api/rpc.h"
#include "control/api/server.h"
#include "control/process/control.h"
#include "lib/layout/regions.h"
#include "lib/log.h"

namespace sluice {
namespace {

enum Exit { well = 0, bad_config = 1, foreign_memory = 2, already_runs = 3, trouble = 4 };

constexpr std::chrono::milliseconds look_every{50};
constexpr std::chrono::milliseconds look_again{1};  // where there is more than one look took

void print(const std::vector<config::Problem>& problems) {
    for (const config::Problem& p : problems) fmt::print(stderr, "{}\n", config::to_string(p));
}

int check(const control::Options& options) {
    const config::ReadResult read = config::read_config_file(options.config.string());
    print(read.problems);
    return read.config ? well : bad_config;
}

void reload(control::Control& control) {
    try {
        control.config.reload();
    } catch (const std::runtime_error& error) {
        spdlog::error("event=reload_failed msg={}", control::as_value(error.what()));
    }
}

int serve(control::Control& control) {
    asio::io_context io(1);
    api::Server server(
        io, control.options.run_directory / "control.sock", control.options.access,
        [&](std::string_view request) { return api::answer(control, request); }, api::max_request);

    asio::signal_set ends(io, SIGTERM, SIGINT);
    ends.async_wait([&](std::error_code, int) { io.stop(); });
    asio::signal_set reloads(io, SIGHUP);
    std::function<void(std::error_code, int)> on_reload = [&](std::error_code error, int) {
        if (error) return;
        control.nat_log.reopen();
        reload(control);
        reloads.async_wait(on_reload);
    };
    reloads.async_wait(on_reload);

    asio::steady_timer timer(io);
    std::function<void(std::error_code)> on_time = [&](std::error_code error) {
        if (error) return;
        const bool more = control.tick();
        timer.expires_after(more ? look_again : look_every);
        timer.async_wait(on_time);
    };
    on_time({});
    spdlog::info("event=ready socket={} generation={}",
                 control::as_value((control.options.run_directory / "control.sock").string()),
                 control.intent.generation());
    io.run();
    spdlog::info("event=end msg=\"the memory stays as it is\"");
    return well;
}

int run(const control::Options& options) {
    const auto when_foreign =
        options.rebuild_intent ? shm::WhenForeign::rebuild : shm::WhenForeign::refuse;
    const shm::Region region =
        shm::Region::own(options.run_directory, layout::intent_layout, when_foreign);
    control::Control control(options, region.as<layout::Intent>(), region.fresh(),
                             region.on_huge_pages());
    const auto started = control.config.start(!region.fresh());
    if (!started.is_sound()) {
        print(started.problems);
        return bad_config;
    }
    return serve(control);
}

}  // namespace
}  // namespace sluice

int main(int argc, char** argv) {
    using namespace sluice;
    const control::Options options = control::parse_options(argc, argv);
    if (options.check) return check(options);
    control::start_log(options.log_level);
    std::signal(SIGPIPE, SIG_IGN);
    try {
        return run(options);
    } catch (const shm::Foreign& error) {
        spdlog::error("event=foreign_memory msg={} advice=\"--rebuild-intent makes a new one\"",
                      control::as_value(error.what()));
        return foreign_memory;
    } catch (const shm::Owned& error) {
        spdlog::error("event=already_runs msg={}", control::as_value(error.what()));
        return already_runs;
    } catch (const std::exception& error) {
        spdlog::error("event=cannot_run msg={}", control::as_value(error.what()));
        return trouble;
    }
}
