// SPDX-License-Identifier: BSD-3-Clause
#include "control/config/schema.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "control/config/violations.h"
#include "control/config/wording.h"

namespace sluice::config {

extern const std::string_view schema_text;  // made from the file by the build

namespace {

using nlohmann::json;

const json& followed(const json& node) {
    const auto reference = node.find("$ref");
    if (reference == node.end()) return node;
    const auto& target = reference->get_ref<const std::string&>();
    return schema().at(json::json_pointer(target.substr(1)));  // "#/definitions/..."
}

std::string describe_type(const json& node, const std::string& type) {
    if (type == "boolean") return "true or false";
    if (type == "string") return "a string";
    if (type == "array") return "a list";
    if (type == "object") return "an object";
    if (type != "integer") return "a " + type;
    if (!node.contains("minimum") || !node.contains("maximum")) return "a whole number";
    return fmt::format("a whole number from {} to {}", brief(node["minimum"]),
                       brief(node["maximum"]));
}

// What belongs there, as the end of "... should be".
std::string expectation(const json& node) {
    if (const auto own_words = node.find("x-expects"); own_words != node.end()) {
        return own_words->get<std::string>();
    }
    if (const auto choices = node.find("enum"); choices != node.end()) {
        std::vector<std::string> words;
        for (const json& choice : *choices) words.push_back(brief(choice));
        return listed(words, "or");
    }
    return describe_type(node, node.value("type", "value"));
}

std::vector<std::string> names_of_members(const json& node) {
    std::vector<std::string> names;
    const auto members = node.find("properties");
    if (members == node.end()) return names;
    for (const auto& member : members->items()) names.push_back(member.key());
    return names;
}

void tell_unknown_keys(const json& object, const json& node, Mistakes& mistakes) {
    const std::vector<std::string> known = names_of_members(node);
    for (const auto& [key, value] : object.items()) {
        if (std::find(known.begin(), known.end(), key) != known.end()) continue;
        const auto meant = nearest(key, known);
        mistakes.add_key(value, meant ? fmt::format("there is no {} here; did you mean {}?",
                                                    in_quotes(key), in_quotes(*meant))
                                      : fmt::format("there is no {} here; known are {}",
                                                    in_quotes(key), listed(known)));
    }
}

void tell_missing_keys(const json& object, const json& node, Mistakes& mistakes) {
    for (const json& name : node.value("required", json::array())) {
        if (object.contains(name)) continue;
        const json* member = schema_of_member(node, name);
        mistakes.add(object, fmt::format("lacks {}: {}", brief(name), expectation(*member)));
    }
}

// What valijson says is for programmers, says the same thing at each level above it, and of
// several unknown keys names one. So of each violation only its kind and its place are taken.
enum class Kind { passed_on, unknown_key, missing_key, too_many, too_long, not_as_expected };

Kind kind_of(std::string_view description) {
    static constexpr std::pair<std::string_view, Kind> kinds[] = {
        {"Failed to validate item", Kind::passed_on},
        {"Failed to validate against schema associated with property name", Kind::passed_on},
        {"Failed to validate against additional properties schema", Kind::passed_on},
        {"Object contains a property that could not be validated", Kind::unknown_key},
        {"Missing required property", Kind::missing_key},
        {"Array should contain no more than", Kind::too_many},
        {"Object should have no more than", Kind::too_many},
        {"String should be no more than", Kind::too_long},
    };
    for (const auto& [beginning, kind] : kinds) {
        if (description.starts_with(beginning)) return kind;
    }
    return Kind::not_as_expected;
}

void tell(Kind kind, const json& value, const json& node, Mistakes& mistakes) {
    switch (kind) {
        case Kind::passed_on: return;
        case Kind::unknown_key: return tell_unknown_keys(value, node, mistakes);
        case Kind::missing_key: return tell_missing_keys(value, node, mistakes);
        case Kind::too_many:
            return mistakes.add(
                value, fmt::format("has {} entries; at most {} are allowed", value.size(),
                                   brief(node.value(
                                       value.is_object() ? "maxProperties" : "maxItems", json()))));
        case Kind::too_long:
            return mistakes.add(value,
                                fmt::format("{} is too long; at most {} characters are allowed",
                                            brief(value), brief(node.value("maxLength", json()))));
        case Kind::not_as_expected:
            return mistakes.add(value,
                                fmt::format("{} should be {}", brief(value), expectation(node)));
    }
}

// The value at a context, and the schema that holds for it.
std::pair<const json*, const json*> look_up(const std::vector<std::string>& context,
                                            const json& document) {
    const json* value = &document;
    const json* node = &schema();
    for (size_t i = 1; i < context.size() && node != nullptr; ++i) {
        const std::string step = context[i].substr(1, context[i].size() - 2);
        if (value->is_object()) {
            node = schema_of_member(*node, step);
            value = &value->at(step);
        } else {
            size_t index = 0;
            std::from_chars(step.data(), step.data() + step.size(), index);
            node = schema_of_items(*node);
            value = &value->at(index);
        }
    }
    return {value, node};
}

void fill_defaults(json& value, const json& node) {
    if (value.is_object()) {
        if (const auto members = node.find("properties"); members != node.end()) {
            for (const auto& [name, member] : members->items()) {
                if (member.contains("default")) value.emplace(name, member["default"]);
            }
        }
        for (const auto& [name, member] : value.items()) {
            if (const json* its_schema = schema_of_member(node, name)) {
                fill_defaults(member, *its_schema);
            }
        }
    } else if (const json* of_items = schema_of_items(node)) {
        // Where one may stand for a list of one, the list is what is compared.
        if (!value.is_array()) value = json::array({value});
        for (json& item : value) fill_defaults(item, *of_items);
    }
}

}  // namespace

std::string_view schema_source() { return schema_text; }

const json& schema() {
    static const json& parsed = *new json(parse_json(schema_text));
    return parsed;
}

const json* schema_of_member(const json& of, const std::string& name) {
    if (const auto members = of.find("properties"); members != of.end()) {
        if (const auto member = members->find(name); member != members->end()) {
            return &followed(*member);
        }
    }
    const auto others = of.find("additionalProperties");
    return others != of.end() && others->is_object() ? &followed(*others) : nullptr;
}

const json* schema_of_items(const json& of) {
    const auto items = of.find("items");
    return items != of.end() ? &followed(*items) : nullptr;
}

void check_against_schema(const json& document, Mistakes& mistakes) {
    std::set<std::pair<const json*, Kind>> told;
    for (const Violation& violation : violations(document)) {
        const Kind kind = kind_of(violation.description);
        if (kind == Kind::passed_on) continue;
        const auto [value, node] = look_up(violation.context, document);
        if (node != nullptr && told.insert({value, kind}).second)
            tell(kind, *value, *node, mistakes);
    }
}

json with_defaults(const json& document) {
    json full = document;
    fill_defaults(full, schema());
    return full;
}

json without_defaults(const json& value, const json& its_schema) {
    if (!value.is_structured()) return value;
    json brief = value.is_object() ? json::object() : json::array();
    for (const auto& [name, item] : value.items()) {
        const json* of_item =
            value.is_object() ? schema_of_member(its_schema, name) : schema_of_items(its_schema);
        json rest = of_item != nullptr ? without_defaults(item, *of_item) : item;
        if (value.is_array()) {
            brief.push_back(std::move(rest));
        } else if (of_item == nullptr || !of_item->contains("default") ||
                   (*of_item)["default"] != rest) {
            brief[name] = std::move(rest);
        }
    }
    return brief;
}

}  // namespace sluice::config
