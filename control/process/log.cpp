// SPDX-License-Identifier: BSD-3-Clause
#include "control/process/log.h"

#include <utility>

#include <spdlog/sinks/stdout_sinks.h>

#include "lib/log.h"

namespace sluice::control {

void start_log(const std::string& level) {
    auto logger = std::make_shared<spdlog::logger>(
        "control", std::make_shared<spdlog::sinks::stderr_sink_st>());
    logger->set_pattern("time=%Y-%m-%dT%H:%M:%S.%e%z level=%l %v");
    logger->set_level(spdlog::level::from_str(level));
    logger->flush_on(spdlog::level::trace);
    spdlog::set_default_logger(std::move(logger));
}

std::string as_value(std::string_view text) {
    std::string result = "\"";
    for (const char c : text) {
        if (c == '\n') {
            result += "\\n";
        } else if (c == '"' || c == '\\') {
            result += '\\';
            result += c;
        } else {
            result += static_cast<unsigned char>(c) < ' ' ? '?' : c;
        }
    }
    return result + '"';
}

bool Throttle::allow(std::string_view kind, uint64_t& suppressed, Clock::time_point now) {
    auto found = kinds_.find(kind);
    if (found == kinds_.end()) found = kinds_.emplace(std::string(kind), Second{now}).first;
    Second& second = found->second;
    if (now - second.began >= std::chrono::seconds(1)) {
        second.began = now;
        second.let_through = 0;
    }
    if (second.let_through >= per_second_) {
        ++second.suppressed;
        return false;
    }
    ++second.let_through;
    suppressed = std::exchange(second.suppressed, 0);
    return true;
}

}  // namespace sluice::control
