// SPDX-License-Identifier: BSD-3-Clause
#include "control/config/nat_rule.h"

#include <fmt/format.h>

#include "control/config/addresses.h"
#include "control/config/interfaces.h"
#include "control/config/nat_reader.h"
#include "control/config/nat_values.h"
#include "control/config/schema.h"
#include "control/config/wording.h"

namespace sluice::config {
namespace {

using nlohmann::json;

constexpr unsigned bit(NatType type) { return 1u << static_cast<unsigned>(type); }
constexpr unsigned source = bit(NatType::source), dynamic = bit(NatType::dynamic),
                   fixed = bit(NatType::fixed), forward = bit(NatType::forward),
                   exempt = bit(NatType::exempt);

// The types of rules that a key is for; keys that are not named here are for all.
struct KeyUse {
    const char* name;
    unsigned types;
};
constexpr KeyUse key_uses[] = {
    {"from", source | dynamic | forward | exempt},
    {"destination", source | dynamic | exempt},
    {"protocol", source | dynamic | forward | exempt},
    {"to", source | dynamic | forward},
    {"external", fixed | forward},
    {"internal", fixed},
    {"source", forward},
    {"health", forward},
    {"port", forward},
    {"ports", source},
    {"mapping", source},
    {"filtering", source | dynamic},
    {"pooling", source},
    {"port_choice", source},
    {"block_size", source},
    {"blocks_per_subscriber", source},
    {"ports_per_subscriber", source},
    {"sessions_per_subscriber", source | dynamic},
    {"parity", source},
    {"hairpin", source | dynamic | fixed | forward},
    {"inbound_refresh", source | dynamic | fixed | forward},
    {"on_expired", source | dynamic | fixed | forward},
    {"alg", source | dynamic | fixed | forward},
};

}  // namespace

ReadRule RuleReader::read(size_t place) {
    fields_.read("type", rule_.type, nat_type_names);
    type_ =
        rule_.type == NatType::exempt ? "an exempt" : fmt::format("a {}", to_string(rule_.type));
    tell_keys_of_other_types();
    read_name(place);
    read_match();
    read_choices();
    switch (rule_.type) {
        case NatType::source: read_source(); break;
        case NatType::dynamic: read_dynamic(); break;
        case NatType::fixed: read_fixed(); break;
        case NatType::forward: read_forward(); break;
        case NatType::exempt: break;
    }
    return std::move(read_);
}

const json* RuleReader::given(const char* key) const {
    static const json& rule_schema = schema()["definitions"]["nat_rule"];
    const json* value = fields_.find(key);
    if (value == nullptr) return nullptr;
    const json& its_schema = *schema_of_member(rule_schema, key);
    return without_defaults(*value, its_schema) == its_schema["default"] ? nullptr : value;
}

void RuleReader::tell(const json& value, const std::string& message) {
    reading_.mistakes.add(value, message);
}

void RuleReader::tell_of(const json& value, const std::string& what) {
    tell(value, fmt::format("{} {}", brief(value), what));
}

void RuleReader::lacks(const char* key, std::string_view what) {
    if (fields_.is_wrong(key)) return;
    tell(*read_.object, fmt::format("{} rule lacks \"{}\": {}", type_, key, what));
}

void RuleReader::tell_keys_of_other_types() {
    for (const KeyUse& use : key_uses) {
        if ((use.types & bit(rule_.type)) != 0) continue;
        if (const json* value = given(use.name)) {
            tell(*value, fmt::format("{} rule has no \"{}\"", type_, use.name));
        }
    }
}

void RuleReader::read_name(size_t place) {
    fields_.read("name", rule_.name);
    if (rule_.name.empty()) rule_.name = fmt::format("{}-{}", to_string(rule_.type), place + 1);
    fields_.read("description", rule_.description);
}

const Interface* RuleReader::read_interface(const char* key, std::string& name) {
    const json* value = given(key);
    const Interface* interface =
        value != nullptr ? read_routed_interface(*value, reading_) : nullptr;
    if (interface != nullptr) name = interface->name;
    return interface;
}

void RuleReader::read_protocol() {
    const json* value = given("protocol");
    if (value == nullptr) return;
    if (value->is_number()) fields_.read("protocol", rule_.protocol);
    fields_.read("protocol", rule_.protocol, protocol_names);
}

void RuleReader::read_ranges(const char* key, std::vector<AddressRange>& to) {
    for (const json* value : items_of(given(key))) {
        if (const auto range = read_range(*value, reading_.mistakes)) to.push_back(*range);
    }
}

void RuleReader::read_match() {
    in_ = read_interface("in", rule_.in);
    out_ = read_interface("out", rule_.out);
    read_protocol();
    read_ranges("from", rule_.from);
    read_ranges("destination", rule_.destination);
}

void RuleReader::read_block_size() {
    constexpr uint16_t fewest = 16;
    const json* value = given("block_size");
    if (value == nullptr) return;
    fields_.read("block_size", rule_.block_size);
    if (rule_.block_size < fewest) {
        tell_of(*value, fmt::format("is too small a block; {} ports are the least", fewest));
        rule_.block_size = fewest;
    }
}

void RuleReader::read_choices() {
    fields_.read("mapping", rule_.mapping, nat_mapping_names);
    fields_.read("filtering", rule_.filtering, nat_filtering_names);
    fields_.read("pooling", rule_.pooling, nat_pooling_names);
    fields_.read("port_choice", rule_.port_choice, nat_port_choice_names);
    fields_.read("on_expired", rule_.on_expired, nat_expired_names);
    read_block_size();
    fields_.read("blocks_per_subscriber", rule_.blocks_per_subscriber);
    fields_.read("ports_per_subscriber", rule_.ports_per_subscriber);
    fields_.read("sessions_per_subscriber", rule_.sessions_per_subscriber);
    fields_.read("parity", rule_.parity);
    fields_.read("hairpin", rule_.hairpin);
    fields_.read("inbound_refresh", rule_.inbound_refresh);
    for (const json* alg : items_of(fields_.find("alg"))) {
        if (*alg == "ftp") rule_.ftp = true;
        if (*alg == "dns") rule_.dns = true;
        if (*alg == "dns" && ((source | dynamic) & bit(rule_.type)) != 0) {
            tell(*alg, fmt::format("{} rule has no name server inside that is asked from outside; "
                                   "\"dns\" is for those that have: forward and static",
                                   type_));
        }
    }
    const json* ports = given("ports");
    const auto range = ports ? read_ports(*ports, reading_.mistakes) : std::nullopt;
    if (range) rule_.ports = *range;
}

// Empty where the NAT can have addresses beside this one of the router's. A forward's may be the
// very one.
std::string RuleReader::why_not_beside(const net::InterfaceAddress& own, const Interface& interface,
                                       const AddressRange& range) const {
    if (rule_.type != NatType::forward && range.contains(own.address)) {
        return fmt::format("has {} in it, the router's own address on {}{}",
                           net::to_string(own.address), interface.name,
                           rule_.type == NatType::source ? "; \"interface\" shares that one" : "");
    }
    const net::Ipv4Prefix network = own.network();
    for (const net::Ipv4Address special : {network.address, network.last()}) {
        if (!own.has_broadcast() || !range.contains(special)) continue;
        return fmt::format("has {} in it, which {}", net::to_string(special),
                           why_no_host(special, network));
    }
    return {};
}

bool RuleReader::check_external(const AddressRange& range, const json& value) {
    std::string reason = why_no_hosts(range);
    for (const Interface& interface : reading_.config.interfaces) {
        for (const net::InterfaceAddress& own : interface.addresses) {
            if (reason.empty()) reason = why_not_beside(own, interface, range);
        }
    }
    if (!reason.empty()) tell_of(value, reason);
    return reason.empty();
}

void RuleReader::read_pool(const char* key, std::vector<AddressRange>& to,
                           std::vector<PlacedRange>& placed) {
    for (const json* value : items_of(given(key))) {
        if (*value == "interface") {
            tell(*value, fmt::format("\"interface\" stands alone; it and addresses are two rules"));
            continue;
        }
        const auto range = read_range(*value, reading_.mistakes);
        if (!range || !check_external(*range, *value)) continue;
        to.push_back(*range);
        placed.push_back({*range, value});
    }
}

std::optional<ReadRule> read_nat_rule(const json& object, size_t place, Reading& reading) {
    if (Fields(object, reading.mistakes).find("type") == nullptr) return std::nullopt;
    return RuleReader(object, reading).read(place);
}

}  // namespace sluice::config
