// SPDX-License-Identifier: BSD-3-Clause
// The members of one JSON object, read into the model.
//
// A member that is absent, or that somebody already found fault with, leaves its default. Types
// and ranges are the schema's business, and have been checked when this is used.
#pragma once
#include <concepts>
#include <optional>
#include <string>
#include <vector>

#include "control/config/json.h"
#include "control/config/mistakes.h"
#include "control/config/names.h"

namespace sluice::config {

class Fields {
  public:
    Fields(const nlohmann::json& object, const Mistakes& mistakes)
        : object_(object), mistakes_(mistakes) {}

    // Null where the member is absent or wrong.
    const nlohmann::json* find(const char* name) const;
    bool is_absent(const char* name) const { return !object_.contains(name); }
    bool is_wrong(const char* name) const { return !is_absent(name) && find(name) == nullptr; }

    template <typename T>
    requires std::integral<T> || std::same_as<T, std::string>
    void read(const char* name, T& out) const {
        if (const auto* value = find(name)) out = value->get<T>();
    }
    // A number, or a word for none ("auto").
    template <std::integral T>
    void read(const char* name, std::optional<T>& out) const {
        const auto* value = find(name);
        if (value == nullptr) return;
        out.reset();
        if (value->is_number()) out = value->get<T>();
    }

    template <typename Choice, size_t n>
    void read(const char* name, Choice& out, const Names<Choice, n>& names) const {
        const auto* value = find(name);
        if (value == nullptr) return;
        for (const auto& [word, choice] : names) {
            if (*value == word) out = choice;
        }
    }

  private:
    const nlohmann::json& object_;
    const Mistakes& mistakes_;
};

// The items of a list, or the one value that stands for a list of itself; none of a wrong one.
std::vector<const nlohmann::json*> items_of(const nlohmann::json* list);

}  // namespace sluice::config
