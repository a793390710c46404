// SPDX-License-Identifier: BSD-3-Clause
#include "control/config/warnings.h"

#include <fmt/format.h>

namespace sluice::config {
namespace {

// Times that a standard lets only an administrator shorten.
struct Least {
    const char* name;
    uint32_t Sessions::*seconds;
    uint32_t least;
    const char* standard;
};
constexpr Least times[] = {
    {"udp_s", &Sessions::udp_s, 120, "RFC 4787 REQ-5"},
    {"tcp_established_s", &Sessions::tcp_established_s, 7440, "RFC 5382 REQ-5"},
    {"tcp_transitory_s", &Sessions::tcp_transitory_s, 240, "RFC 5382 REQ-5"},
    {"icmp_s", &Sessions::icmp_s, 60, "RFC 5508 REQ-2"},
    {"quarantine_s", &Sessions::quarantine_s, 120, "RFC 6888 REQ-8"},
};

}  // namespace

std::vector<std::string> warnings(const Config& config) {
    std::vector<std::string> sentences;
    if (config.nat.empty()) return sentences;
    for (const Least& time : times) {
        const uint32_t seconds = config.sessions.*time.seconds;
        if (seconds >= time.least) continue;
        sentences.push_back(fmt::format("sessions.{}: {} is less than the {} s that {} asks for",
                                        time.name, seconds, time.least, time.standard));
    }
    return sentences;
}

}  // namespace sluice::config
