// SPDX-License-Identifier: BSD-3-Clause
// Collects what is wrong with the values of one document, while it is being read.
//
// A value is named by reference (it must be a value of that document, never a copy); file, line
// and path are found at the end, in one walk, and only if there was a mistake.
#pragma once
#include <string>
#include <unordered_set>
#include <vector>

#include "control/config/document.h"
#include "control/config/json.h"
#include "control/config/problem.h"

namespace sluice::config {

class Mistakes {
  public:
    // The value is wrong. `see`, if given, is the other value that it is at odds with, and
    // the message ends with that one's line.
    void add(const nlohmann::json& value, std::string message, const nlohmann::json* see = nullptr);
    // The key under which this value stands is wrong.
    void add_key(const nlohmann::json& value, std::string message);

    // Somebody found fault with this very value: whoever reads it says nothing more about it.
    bool any_about(const nlohmann::json& value) const { return wrong_.contains(&value); }

    // In the order of the text.
    std::vector<Problem> problems(const Document& document, const std::string& file) const;

  private:
    enum class At { value, key };
    struct Mistake {
        const nlohmann::json* value;
        At at;
        std::string message;
        const nlohmann::json* see;
    };
    std::vector<Mistake> mistakes_;
    std::unordered_set<const nlohmann::json*> wrong_;
};

}  // namespace sluice::config
