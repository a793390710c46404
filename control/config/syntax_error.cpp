// SPDX-License-Identifier: BSD-3-Clause
#include "control/config/syntax_error.h"

#include <algorithm>

#include <fmt/format.h>

namespace sluice::config {
namespace {

constexpr std::string_view beginnings_of_values = "\"{[-0123456789tfn";

std::string ends_too_early(char open) {
    if (open == 0) return "the file is empty; the smallest configuration is {}";
    return fmt::format("the file ends before the '{}' that closes this", open == '{' ? '}' : ']');
}

bool wants_the_end(std::string_view words) {
    return words.ends_with("expected '}'") || words.ends_with("expected ']'");
}

// The words quote what may be any bytes; a message is text.
std::string as_text(std::string_view words) {
    constexpr std::string_view lead = "syntax error ";
    if (const auto at = words.find(lead); at != words.npos) words.remove_prefix(at + lead.size());
    std::string text = fmt::format("not JSON: {}", words.substr(0, 200));
    const auto unprintable = [](unsigned char c) { return c >= 0x80 || c < ' '; };
    std::replace_if(text.begin(), text.end(), unprintable, '?');
    return text;
}

}  // namespace

std::string why_not_json(const SyntaxError& error, std::string_view words) {
    const auto [text, last_end, start, open] = error;
    if (start == text.size()) return ends_too_early(open);
    const char token = text[start];
    const bool after_comma = text.substr(last_end, start - last_end).find(',') != text.npos;
    if (token == '/' || token == '#') return "JSON has no comments; use \"description\"";
    if (after_comma && (token == '}' || token == ']')) {
        return fmt::format("a comma stands before this '{}', with nothing after it", token);
    }
    const bool begins_a_value = beginnings_of_values.find(token) != std::string_view::npos;
    if (begins_a_value && !after_comma && wants_the_end(words)) {
        return "a comma is missing before this";
    }
    return as_text(words);
}

}  // namespace sluice::config
