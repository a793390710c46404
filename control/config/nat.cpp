// SPDX-License-Identifier: BSD-3-Clause
#include "control/config/nat.h"

#include <map>

#include <fmt/format.h>

#include "control/config/nat_rule.h"
#include "control/config/nat_whole.h"
#include "control/config/wording.h"

namespace sluice::config {
namespace {

using nlohmann::json;

void check_name(const ReadRule& read, std::map<std::string, const json*>& names,
                Mistakes& mistakes) {
    const auto [other, is_new] = names.try_emplace(read.rule.name, read.object);
    if (is_new) return;
    const auto own = read.object->find("name");
    mistakes.add(own != read.object->end() ? *own : *read.object,
                 fmt::format("{} is already the name of a rule", in_quotes(read.rule.name)),
                 other->second);
}

}  // namespace

void read_nat(const json& section, Reading& reading) {
    std::vector<ReadRule> rules;
    std::map<std::string, const json*> names;
    for (size_t place = 0; place < section.size(); ++place) {
        if (!section[place].is_object()) continue;
        auto read = read_nat_rule(section[place], place, reading);
        if (!read) continue;
        check_name(*read, names, reading.mistakes);
        rules.push_back(std::move(*read));
    }
    check_nat_whole(rules, reading);
    for (ReadRule& read : rules) reading.config.nat.push_back(std::move(read.rule));
}

}  // namespace sluice::config
