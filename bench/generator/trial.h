// SPDX-License-Identifier: BSD-3-Clause
// A trial: traffic for a while, what was sent and what came back of it.
#pragma once
#include <cstdint>
#include <functional>
#include <vector>

#include "bench/generator/checker.h"
#include "bench/generator/flow.h"
#include "bench/generator/histogram.h"

namespace sluice::generator {

struct SentCounts {
    uint64_t packets = 0;
    uint64_t bytes = 0;  // of their frames, check sequence included
    uint64_t bursts = 0;
    uint64_t held_up = 0;  // bursts that the device did not take whole
};

struct StreamResult {
    Direction direction = Direction::right;
    SentCounts sent;
    uint64_t missed = 0;            // were due, but this machine was too slow
    uint64_t received_in_time = 0;  // while packets were still being sent
    Counts counts;
    Histogram latency;  // in cycles

    uint64_t lost() const noexcept;
    double held_up() const noexcept;  // share of bursts
};

struct TrialResult {
    double seconds = 0;
    bool is_over = false;      // what is missing by now is lost
    bool interrupted = false;  // by a signal
    std::vector<StreamResult> streams;
    uint32_t shared_translations = 0;  // see count_shared()

    double offered_pps() const noexcept;  // of all directions together, as are the others
    double received_pps() const noexcept;
    double loss() const noexcept;  // share of packets
    uint64_t faults() const noexcept;
};

struct TrialWish {
    double pps = 0;        // in each direction; 0: all that can be sent
    double seconds = 0;    // 0: until a signal
    uint64_t packets = 0;  // of all directions: it ends with the last of them; 0: however many
    double every_s = 1;    // how often `look` is called
    std::function<void(const TrialResult&)> look;
};

// Who kept a trial from a higher rate: the generator, where the router took all that was sent and
// lost nothing.
enum class Limit { none, generator, router };
Limit limit_of(const TrialResult& trial, double wanted_pps) noexcept;

}  // namespace sluice::generator
