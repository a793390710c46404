// SPDX-License-Identifier: BSD-3-Clause
// The log: lines of key=value on stderr, so many a second at most of each kind.
//
//   event=interface_down interface=lan msg="lan: the link is down"
#pragma once
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace sluice::control {

void start_log(const std::string& level);

// A value as it stands behind its key: in quotes where it has blanks, one line whatever it holds.
std::string as_value(std::string_view text);

// Says of each kind of message whether one more may be logged now.
class Throttle {
  public:
    using Clock = std::chrono::steady_clock;
    explicit Throttle(uint32_t per_second) : per_second_(per_second) {}

    // True for the first `per_second` of a kind in a second. `suppressed` is how many were
    // refused since the last that was let through.
    bool allow(std::string_view kind, uint64_t& suppressed, Clock::time_point now = Clock::now());

  private:
    struct Second {
        Clock::time_point began;
        uint32_t let_through = 0;
        uint64_t suppressed = 0;
    };
    uint32_t per_second_;
    std::map<std::string, Second, std::less<>> kinds_;
};

}  // namespace sluice::control
