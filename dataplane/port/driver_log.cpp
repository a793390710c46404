// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/port/driver_log.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <mutex>
#include <string_view>

#include <fmt/format.h>
#include <rte_errno.h>
#include <rte_log.h>

#include "dataplane/process/clock.h"
#include "lib/log.h"

namespace sluice::port::driver_log {
namespace {

constexpr uint64_t repeated_after_ns = 60'000'000'000;
constexpr size_t most_remembered = 64;

std::mutex guard;
std::string unfinished;
std::string first;
std::map<std::string, uint64_t, std::less<>> said;

// A device that is tried again each second fails with the same words each second.
void say(const std::string& line) {
    const uint64_t now = monotonic_ns();
    if (const auto before = said.find(line);
        before != said.end() && now - before->second < repeated_after_ns) {
        return;
    }
    if (said.size() >= most_remembered) said.clear();
    said[line] = now;
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
            if (first.empty()) first = std::move(unfinished);
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
    first.clear();
}

std::string first_line() {
    const std::lock_guard hold(guard);
    return first;
}

std::string explain(int error) {
    const std::string line = first_line();
    // Drivers return a bare -1 for anything, which is no EPERM.
    if (error == -1 && !line.empty()) return line;
    return fmt::format("{}{}{}", rte_strerror(std::abs(error)), line.empty() ? "" : ": ", line);
}

}  // namespace sluice::port::driver_log
