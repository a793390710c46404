// SPDX-License-Identifier: BSD-3-Clause
// nlohmann::json, whose reader and writer of text are compiled once (json.cpp), and not anew in
// each of the dozens of files that use it: so text is read by parse_json(), not by json::parse().
#pragma once
#include <string_view>

#include <nlohmann/json.hpp>

extern template class nlohmann::detail::serializer<nlohmann::json>;

namespace sluice::config {

// .is_discarded() where the text is not JSON.
nlohmann::json parse_json(std::string_view text);

}  // namespace sluice::config
