// SPDX-License-Identifier: BSD-3-Clause
// Why a text is not JSON, in words for the person who wrote it.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace sluice::config {

// Where the parser gave up.
struct SyntaxError {
    std::string_view text;  // all of it
    size_t last_token_end;  // of what was still good
    size_t token_start;     // of what was not; the text's size where it ends too early
    char open;              // the innermost { or [ that is still open; 0 without
};

// `words`: the parser's own, of which the message is made where the slip is none of those that
// everybody makes.
std::string why_not_json(const SyntaxError& error, std::string_view words);

}  // namespace sluice::config
