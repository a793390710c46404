// SPDX-License-Identifier: BSD-3-Clause
#include "control/config/json.h"

template class nlohmann::detail::serializer<nlohmann::json>;

namespace sluice::config {

nlohmann::json parse_json(std::string_view text) {
    return nlohmann::json::parse(text, nullptr, false);
}

}  // namespace sluice::config
