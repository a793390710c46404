// SPDX-License-Identifier: BSD-3-Clause
// What was measured, as JSON and as lines for people.
#pragma once
#include <string>

#include <nlohmann/json.hpp>

#include "bench/generator/back_to_back.h"
#include "bench/generator/options.h"
#include "bench/generator/search.h"
#include "bench/generator/trial.h"

namespace sluice::generator {

using Json = nlohmann::ordered_json;

Json describe(const Options& options);
Json describe(const TrialResult& trial, double tsc_hz);
Json describe(const SearchResult& search);
// A throughput of 0 is not known.
Json describe(const BackToBack& found, double throughput_pps);
std::string limit_name(const TrialResult& trial, double wanted_pps);
// One line: "right 1.000 Mpps sent, 1.000 back, 0 lost, ...".
std::string summary(const TrialResult& trial, double tsc_hz);

}  // namespace sluice::generator
