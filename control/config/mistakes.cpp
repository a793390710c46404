// SPDX-License-Identifier: BSD-3-Clause
#include "control/config/mistakes.h"

#include <algorithm>

#include <fmt/format.h>

#include "control/config/wording.h"

namespace sluice::config {

using nlohmann::json;

void Mistakes::add(const json& value, std::string message, const json* see) {
    mistakes_.push_back({&value, At::value, std::move(message), see});
    wrong_.insert(&value);
}

void Mistakes::add_key(const json& value, std::string message) {
    mistakes_.push_back({&value, At::key, std::move(message), nullptr});
    wrong_.insert(&value);
}

std::vector<Problem> Mistakes::problems(const Document& document, const std::string& file) const {
    std::vector<const json*> values;
    for (const Mistake& mistake : mistakes_) {
        values.push_back(mistake.value);
        if (mistake.see != nullptr) values.push_back(mistake.see);
    }
    const auto places = document.places_of(values);

    std::vector<Problem> problems;
    for (const Mistake& mistake : mistakes_) {
        const auto found = places.find(mistake.value);
        const Place place = found == places.end() ? Place{} : found->second;
        Problem problem{file, mistake.at == At::key ? place.key : place.value, place.path,
                        brief(*mistake.value), mistake.message};
        if (const auto other = places.find(mistake.see); other != places.end()) {
            problem.message += fmt::format(" (line {})", other->second.value.line);
        }
        problems.push_back(std::move(problem));
    }
    std::stable_sort(problems.begin(), problems.end(),
                     [](const Problem& a, const Problem& b) { return a.position < b.position; });
    return problems;
}

}  // namespace sluice::config
