// SPDX-License-Identifier: BSD-3-Clause
// Any text as a configuration: read_config() gives a configuration or says what is wrong, and what
// it accepts once it accepts again, without a difference to itself.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "control/config/diff.h"
#include "control/config/read.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace sluice::config;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const ReadResult first = read_config(text, "fuzz.json");
    if (first.config.has_value() != first.problems.empty()) std::abort();
    for (const Problem& problem : first.problems) {
        if (to_string(problem).empty()) std::abort();
    }
    if (!first.config) return 0;
    const ReadResult again = read_config(first.document.dump(), "again.json");
    if (!again.config || *again.config != *first.config) std::abort();
    if (!differences(first.document, again.document).empty()) std::abort();
    return 0;
}
