// SPDX-License-Identifier: BSD-3-Clause
// Pieces of messages: values, lists, paths, and the word that was probably meant.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace sluice::config {

// The JSON text of a value, at most about 60 characters of it; {...} and [...] for what is longer.
std::string brief(const nlohmann::json& value);

// a, b and c; of a long list the first eight, then "and 12 more".
std::string listed(const std::vector<std::string>& items, std::string_view conjunction = "and");

std::string in_quotes(std::string_view word);

// The candidate that `word` is most likely a slip of; none if all are too different.
std::optional<std::string> nearest(std::string_view word,
                                   const std::vector<std::string>& candidates);

// interfaces.wan, interfaces."wan.10", routes[3]
void append_key(std::string& path, std::string_view key);
void append_index(std::string& path, size_t index);

}  // namespace sluice::config
