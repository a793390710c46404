// SPDX-License-Identifier: BSD-3-Clause
#include "control/config/diff.h"

#include <map>
#include <set>

#include <fmt/format.h>

#include "control/config/schema.h"
#include "control/config/wording.h"

namespace sluice::config {
namespace {

using nlohmann::json;
using Kind = Difference::Kind;

const json no_schema = json::object();

std::string plain(const json& value) {
    return value.is_string() ? value.get<std::string>() : value.dump();
}

// The name of an item in its list: "lan 10.0.0.9" where the schema names interface and address;
// "source-1" of one that has no name, where the schema says that its type and place stand for it.
std::string identity_of(const json& item, size_t place, const json& list_schema) {
    const json& members = list_schema["x-identity"];
    if (members.empty() || !item.is_object()) return plain(item);
    std::string name;
    for (const json& member : members) {
        if (!name.empty()) name += ' ';
        name += plain(item.value(member.get<std::string>(), json()));
    }
    if (!name.empty() || !list_schema.contains("x-unnamed")) return name;
    const json& stands_for_it = item[list_schema["x-unnamed"].get<std::string>()];
    return fmt::format("{}-{}", plain(stands_for_it), place + 1);
}

std::vector<std::string> identities_of(const json& list, const json& list_schema) {
    std::vector<std::string> names;
    for (size_t n = 0; n < list.size(); ++n) {
        names.push_back(identity_of(list[n], n, list_schema));
    }
    return names;
}

// The names that are in the other list too.
json common(const std::vector<std::string>& names, const std::vector<std::string>& others) {
    const std::set<std::string> known(others.begin(), others.end());
    json result = json::array();
    for (const std::string& name : names) {
        if (known.contains(name)) result.push_back(name);
    }
    return result;
}

// An item as a difference shows it: without its defaults, and without what its path says.
json shown(const json& item, const json& its_schema, const json& identity) {
    json rest = without_defaults(item, its_schema);
    if (rest.is_object()) {
        for (const json& member : identity) rest.erase(member.get<std::string>());
    }
    return rest;
}

class Comparison {
  public:
    void compare(const json& before, const json& after, const json& its_schema,
                 const std::string& path) {
        if (before == after) return;
        if (before.is_object() && after.is_object()) {
            compare_objects(before, after, its_schema, path);
        } else if (before.is_array() && after.is_array() && its_schema.contains("x-identity")) {
            compare_lists(before, after, its_schema, path);
        } else {
            found.push_back({Kind::changed, path, before, after});
        }
    }

    std::vector<Difference> found;

  private:
    // Null stands for what is not there; no value of a configuration is null.
    void compare_items(const json* before, const json* after, const json& its_schema,
                       const json& identity, const std::string& path) {
        if (before == nullptr) {
            found.push_back({Kind::added, path, nullptr, shown(*after, its_schema, identity)});
        } else if (after == nullptr) {
            found.push_back({Kind::removed, path, shown(*before, its_schema, identity), nullptr});
        } else {
            compare(*before, *after, its_schema, path);
        }
    }

    void compare_objects(const json& before, const json& after, const json& its_schema,
                         const std::string& path) {
        json names = before;  // of both, in their order
        names.update(after);
        for (const auto& item : names.items()) {
            const std::string& name = item.key();
            const json* member = schema_of_member(its_schema, name);
            std::string member_path = path;
            append_key(member_path, name);
            compare_items(before.contains(name) ? &before[name] : nullptr,
                          after.contains(name) ? &after[name] : nullptr,
                          member != nullptr ? *member : no_schema, json::array(), member_path);
        }
    }

    void compare_lists(const json& before, const json& after, const json& its_schema,
                       const std::string& path) {
        const json& identity = its_schema["x-identity"];
        std::map<std::string, std::pair<const json*, const json*>> items;
        const auto names_before = identities_of(before, its_schema);
        const auto names_after = identities_of(after, its_schema);
        for (size_t n = 0; n < before.size(); ++n) items[names_before[n]].first = &before[n];
        for (size_t n = 0; n < after.size(); ++n) items[names_after[n]].second = &after[n];

        const size_t found_before = found.size();
        const json* of_items = schema_of_items(its_schema);
        for (const auto& [name, pair] : items) {
            compare_items(pair.first, pair.second, of_items != nullptr ? *of_items : no_schema,
                          identity, fmt::format("{}[{}]", path, name));
        }
        // Items that are their own names differ in nothing but their order, and it counts.
        if (identity.empty() && found.size() == found_before) {
            found.push_back({Kind::changed, path, before, after});
        }
        if (its_schema.value("x-ordered", false)) {
            compare_order(common(names_before, names_after), common(names_after, names_before),
                          path);
        }
    }

    void compare_order(const json& before, const json& after, const std::string& path) {
        if (before != after) found.push_back({Kind::changed, path, before, after});
    }
};

}  // namespace

std::vector<Difference> differences(const json& before, const json& after) {
    Comparison comparison;
    comparison.compare(with_defaults(before), with_defaults(after), schema(), "");
    return std::move(comparison.found);
}

std::string to_string(const Difference& difference) {
    switch (difference.kind) {
        case Kind::added: return fmt::format("+ {}: {}", difference.path, difference.after.dump());
        case Kind::removed:
            return fmt::format("- {}: {}", difference.path, difference.before.dump());
        case Kind::changed: break;
    }
    return fmt::format("~ {}: {} -> {}", difference.path, difference.before.dump(),
                       difference.after.dump());
}

void to_json(json& json, const Difference& difference) {
    static constexpr const char* names[] = {"added", "removed", "changed"};
    json = {{"kind", names[static_cast<size_t>(difference.kind)]},
            {"path", difference.path},
            {"before", difference.before},
            {"after", difference.after}};
}

}  // namespace sluice::config
