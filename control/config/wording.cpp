// SPDX-License-Identifier: BSD-3-Clause
#include "control/config/wording.h"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include "control/config/json.h"

namespace sluice::config {
namespace {

constexpr size_t longest_value = 60;
constexpr size_t longest_list = 8;
constexpr size_t longest_word = 64;

std::string cut(std::string text) {
    if (text.size() <= longest_value) return text;
    size_t end = longest_value - 3;
    while (end > 0 && (text[end] & 0xc0) == 0x80) --end;  // never within a UTF-8 character
    return text.substr(0, end) + "...";
}

// A container's text is only made where it is sure to be short.
bool is_small(const nlohmann::json& container) {
    return container.size() <= 4 &&
           std::all_of(container.begin(), container.end(),
                       [](const nlohmann::json& item) { return item.is_primitive(); });
}

std::string text_of(const nlohmann::json& value) {
    return cut(value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

// Optimal string alignment: insertions, deletions, substitutions and swaps of neighbours.
size_t edits_between(std::string_view a, std::string_view b) {
    std::vector<size_t> two_back, previous(b.size() + 1), current(b.size() + 1);
    std::iota(previous.begin(), previous.end(), size_t{0});
    for (size_t i = 1; i <= a.size(); ++i) {
        current[0] = i;
        for (size_t j = 1; j <= b.size(); ++j) {
            current[j] = std::min({previous[j] + 1, current[j - 1] + 1,
                                   previous[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
            const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (swapped) current[j] = std::min(current[j], two_back[j - 2] + 1);
        }
        two_back = previous;
        std::swap(previous, current);
    }
    return previous[b.size()];
}

}  // namespace

std::string brief(const nlohmann::json& value) {
    if (value.is_object() && !is_small(value)) return "{...}";
    if (value.is_array() && !is_small(value)) return "[...]";
    return text_of(value);
}

std::string in_quotes(std::string_view word) { return text_of(nlohmann::json(word)); }

std::string listed(const std::vector<std::string>& items, std::string_view conjunction) {
    std::string text;
    const size_t shown = items.size() > longest_list ? longest_list : items.size();
    for (size_t i = 0; i < shown; ++i) {
        const bool last = i + 1 == items.size();
        if (i > 0) text += last ? fmt::format(" {} ", conjunction) : ", ";
        text += items[i];
    }
    if (shown < items.size()) text += fmt::format(" {} {} more", conjunction, items.size() - shown);
    return text;
}

std::optional<std::string> nearest(std::string_view word,
                                   const std::vector<std::string>& candidates) {
    if (word.size() > longest_word) return std::nullopt;
    size_t fewest = std::max<size_t>(word.size() / 3, 1) + 1;
    std::optional<std::string> best;
    for (const std::string& candidate : candidates) {
        const size_t edits = edits_between(word, candidate);
        if (edits >= fewest || edits >= candidate.size()) continue;
        fewest = edits;
        best = candidate;
    }
    return best;
}

void append_key(std::string& path, std::string_view key) {
    const bool plain = !key.empty() && std::all_of(key.begin(), key.end(), [](unsigned char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               c == '_' || c == '-' || c == '$';
    });
    if (!path.empty()) path += '.';
    path += plain ? std::string(key) : in_quotes(key);
}

void append_index(std::string& path, size_t index) { path += fmt::format("[{}]", index); }

}  // namespace sluice::config
