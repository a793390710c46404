// SPDX-License-Identifier: BSD-3-Clause
#include "control/config/fields.h"

namespace sluice::config {

using nlohmann::json;

const json* Fields::find(const char* name) const {
    if (!object_.is_object()) return nullptr;
    const auto member = object_.find(name);
    if (member == object_.end() || mistakes_.any_about(*member)) return nullptr;
    return &*member;
}

std::vector<const json*> items_of(const json* list) {
    std::vector<const json*> items;
    if (list == nullptr) return items;
    if (!list->is_array()) return {list};
    items.reserve(list->size());
    for (const json& item : *list) items.push_back(&item);
    return items;
}

}  // namespace sluice::config
