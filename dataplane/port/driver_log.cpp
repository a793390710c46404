// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/port/driver_log.h"

#include <cstdio>
#include <mutex>
#include <string_view>

#include <rte_log.h>
#include <spdlog/spdlog.h>

#include "dataplane/process/clock.h"

namespace sluice::port::driver_log {
namespace {

constexpr unsigned lines_per_second = 20;

std::mutex guard;
std::string unfinished;
std::string last;
uint64_t second = 0;
unsigned lines = 0;
unsigned suppressed = 0;

void say(const std::string& line) {
    const uint64_t now = monotonic_ns() / 1'000'000'000;
    if (now != second) {
        if (suppressed > 0) spdlog::warn("event=driver_log_suppressed lines={}", suppressed);
        second = now;
        lines = suppressed = 0;
    }
    if (++lines > lines_per_second) {
        ++suppressed;
        return;
    }
    spdlog::warn("event=driver_log text=\"{}\"", line);
}

ssize_t write(void*, const char* text, size_t length) {
    const std::lock_guard hold(guard);
    for (const char c : std::string_view(text, length)) {
        if (c != '\n') {
            unfinished += c == '"' ? '\'' : c;
            continue;
        }
        if (!unfinished.empty()) {
            say(unfinished);
            last = std::move(unfinished);
        }
        unfinished.clear();
    }
    return static_cast<ssize_t>(length);
}

}  // namespace

void capture() {
    cookie_io_functions_t functions{};
    functions.write = write;
    std::FILE* stream = ::fopencookie(nullptr, "w", functions);
    if (stream == nullptr) return;
    std::setvbuf(stream, nullptr, _IOLBF, 512);
    rte_openlog_stream(stream);
}

void forget() {
    const std::lock_guard hold(guard);
    last.clear();
}

std::string last_line() {
    const std::lock_guard hold(guard);
    return last;
}

}  // namespace sluice::port::driver_log
