// SPDX-License-Identifier: BSD-3-Clause
// The ways to measure. Each tells people what it does on stderr, and returns what it found.
#pragma once
#include "bench/generator/generator.h"
#include "bench/generator/report.h"

namespace sluice::generator {

struct Outcome {
    Json found;
    int exit_code;
};

// The mode that the options name.
Outcome measure(Generator& generator, const Options& options, double tsc_hz);

}  // namespace sluice::generator
