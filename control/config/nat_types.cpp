// SPDX-License-Identifier: BSD-3-Clause
// What each type of NAT rule has for itself.
#include <algorithm>

#include <fmt/format.h>

#include "control/config/addresses.h"
#include "control/config/nat_reader.h"
#include "control/config/nat_values.h"
#include "control/config/wording.h"

namespace sluice::config {
namespace {

using nlohmann::json;

uint64_t addresses_in(const std::vector<AddressRange>& ranges) {
    uint64_t sum = 0;
    for (const AddressRange& range : ranges) sum += range.size();
    return sum;
}

}  // namespace

// True where the key says "interface"; whether that interface has an address is told then.
bool RuleReader::read_shared_address(const char* key, const char* interface_key,
                                     const Interface* interface) {
    const json* value = given(key);
    if (value == nullptr || (*value != "interface" && *value != json::array({"interface"}))) {
        return false;
    }
    if (interface == nullptr) {
        lacks(interface_key, "the interface whose address is meant");
    } else if (interface->addresses.empty() && reading_.networks_known) {
        tell_of(*value, fmt::format("has no address to give: {} has none", interface->name));
    }
    return true;
}

void RuleReader::read_source() {
    if (read_shared_address("to", "out", out_)) {
        rule_.to_interface = true;
    } else if (given("to") == nullptr) {
        lacks("to", "\"interface\", or external addresses such as 203.0.113.8/29");
    } else {
        read_pool("to", rule_.external, read_.external);
    }
    check_choice_of_ports();
}

void RuleReader::check_choice_of_ports() {
    const json* limit = given("ports_per_subscriber");
    if (limit != nullptr && rule_.mapping == NatMapping::endpoint_dependent) {
        tell(*limit,
             "ports are shared where \"mapping\" is \"endpoint-dependent\"; "
             "\"sessions_per_subscriber\" limits what a host has of them");
    }
    if (rule_.port_choice == NatPortChoice::random || fields_.is_wrong("ports") ||
        fields_.is_wrong("block_size")) {
        return;
    }
    if (rule_.mapping == NatMapping::endpoint_dependent) {
        tell(*given("mapping"),
             fmt::format("\"endpoint-dependent\" mappings share ports, and \"port_choice\": {} "
                         "gives ports to one host alone",
                         brief(*given("port_choice"))));
    }
    rule_.port_choice == NatPortChoice::blocks ? check_blocks() : check_subscribers();
}

void RuleReader::check_blocks() {
    const json* size = given("block_size");
    const json& value = size != nullptr ? *size : *fields_.find("port_choice");
    const uint32_t ports = rule_.ports.size(), blocks = ports / rule_.block_size;
    if (blocks == 0) {
        tell(value, fmt::format("a block of {} is more than the {} ports there are",
                                rule_.block_size, ports));
    } else if (ports % rule_.block_size != 0) {
        tell(value,
             fmt::format("blocks of {} do not divide the {} ports \"{}-{}\"; \"{}-{}\" would be {} "
                         "of them",
                         rule_.block_size, ports, rule_.ports.first, rule_.ports.last,
                         rule_.ports.first, rule_.ports.first + blocks * rule_.block_size - 1,
                         blocks));
    }
}

// RFC 7422: each inside address has ports of its own, whether it uses them or not.
void RuleReader::check_subscribers() {
    if (rule_.pooling == NatPooling::arbitrary) {
        tell(*given("pooling"),
             "a deterministic rule has no choice of addresses: they follow from "
             "the inside ones");
    }
    if (given("from") == nullptr) {
        lacks("from", "the inside addresses that ports are computed from");
        return;
    }
    std::vector<AddressRange> inside = rule_.from;
    std::sort(inside.begin(), inside.end());
    const auto overlap = std::adjacent_find(inside.begin(), inside.end(),
                                            [](auto& a, auto& b) { return a.overlaps(b); });
    if (overlap != inside.end()) {
        tell(*given("from"), fmt::format("{} and {} overlap; an inside address has one place among "
                                         "those that ports are computed from",
                                         to_string(*overlap), to_string(overlap[1])));
        return;
    }
    check_ratio();
}

// Without a size, each has as many ports as there are for all.
void RuleReader::check_ratio() {
    constexpr uint32_t fewest = 16;
    const uint64_t inside = addresses_in(rule_.from);
    const uint64_t outside = rule_.to_interface ? 1 : addresses_in(rule_.external);
    if (inside == 0 || outside == 0) return;
    const uint64_t ratio = (inside + outside - 1) / outside;
    const auto most = static_cast<uint32_t>(rule_.ports.size() / ratio);
    if (given("block_size") == nullptr) {
        rule_.block_size = static_cast<uint16_t>(std::max(most, fewest));
    }
    if (rule_.block_size <= most) return;
    const uint32_t blocks = rule_.ports.size() / rule_.block_size;
    const std::string remedy = blocks == 0 ? ""
                                           : fmt::format("; {} external addresses would do",
                                                         (inside + blocks - 1) / blocks);
    tell(*given("from"),
         fmt::format("{} inside addresses need {} ports each, and {} external address{} ha{} {} "
                     "for each{}",
                     inside, rule_.block_size, outside, outside == 1 ? "" : "es",
                     outside == 1 ? "s" : "ve", most, remedy));
}

void RuleReader::read_dynamic() {
    if (given("to") == nullptr) {
        lacks("to", "external addresses such as 203.0.113.8/29");
        return;
    }
    read_pool("to", rule_.external, read_.external);
}

void RuleReader::read_fixed() {
    const json* external = given("external");
    const json* internal = given("internal");
    if (external == nullptr) lacks("external", "an address or prefix outside");
    if (internal == nullptr) lacks("internal", "an address, or a prefix as long as the external");
    read_pool("external", rule_.external, read_.external);
    const auto inside = internal ? read_range(*internal, reading_.mistakes) : std::nullopt;
    if (external != nullptr && items_of(external).size() > 1) {
        tell_of(*external, "is more than one prefix; a static rule has one");
        return;
    }
    if (!inside || rule_.external.empty()) return;
    rule_.internal = *inside;
    if (const std::string reason = why_no_hosts(*inside); !reason.empty()) {
        tell_of(*internal, reason);
    } else if (inside->size() != rule_.external[0].size()) {
        tell_of(*internal, fmt::format("is {} address{} and \"external\" is {}; both are of one "
                                       "length",
                                       inside->size(), inside->size() == 1 ? "" : "es",
                                       rule_.external[0].size()));
    }
}

void RuleReader::check_forward_protocol() {
    const json* protocol = given("protocol");
    if (protocol == nullptr) {
        lacks("protocol", "\"tcp\" or \"udp\"");
    } else if (rule_.protocol != 6 && rule_.protocol != 17) {
        tell_of(*protocol, "has no ports to forward; \"tcp\" and \"udp\" have");
    }
}

void RuleReader::read_external_of_forward() {
    if (given("external") != nullptr) {
        read_pool("external", rule_.external, read_.external);
        return;
    }
    if (fields_.is_wrong("external")) return;
    rule_.to_interface = true;
    if (given("in") == nullptr) {
        lacks("in", "the interface whose address packets come for; or \"external\" addresses");
    } else if (in_ != nullptr && in_->addresses.empty() && reading_.networks_known) {
        tell_of(*given("in"), "has no address that packets could come for");
    }
}

void RuleReader::read_forward() {
    check_forward_protocol();
    const json* port = given("port");
    if (port == nullptr)
        lacks("port", "the port that packets come for, or a range such as \"8000-8010\"");
    const auto ports = port ? read_ports(*port, reading_.mistakes) : std::nullopt;
    if (ports) rule_.port = *ports;
    read_external_of_forward();
    read_targets();
    read_health();
    rule_.source_interface = read_shared_address("source", "out", out_);
    if (!rule_.source_interface) read_pool("source", rule_.source, read_.source);
}

void RuleReader::read_targets() {
    const json* to = given("to");
    if (to == nullptr) lacks("to", "the host inside and its port, such as 10.0.0.10:8080");
    for (const json* value : items_of(to)) read_one_target(*value);
}

void RuleReader::read_health() {
    const json* health = fields_.find("health");
    if (health == nullptr) return;
    const Fields fields(*health, reading_.mistakes);
    fields.read("probe", rule_.health.probe, nat_probe_names);
    fields.read("port", rule_.health.port);
    fields.read("interval_s", rule_.health.interval_s);
    fields.read("fall", rule_.health.fall);
    fields.read("rise", rule_.health.rise);
    if (rule_.health.port != 0 && rule_.health.probe != NatProbe::tcp) {
        tell(*fields.find("port"), "only \"tcp\" asks at a port");
    }
}

void RuleReader::read_one_target(const json& value) {
    const auto target = read_target(value, reading_.mistakes);
    if (!target) return;
    const auto is_same = [&](const NatTarget& other) {
        return other.address == target->address && other.port == target->port;
    };
    const uint32_t last = target->port + rule_.port.size() - 1;
    if (const std::string reason = why_no_host(target->address); !reason.empty()) {
        tell_of(value, reason);
    } else if (const Interface* owner = reading_.owner_of(target->address)) {
        tell_of(value, fmt::format("is the router's own address, on {}", owner->name));
    } else if (std::any_of(rule_.targets.begin(), rule_.targets.end(), is_same)) {
        tell_of(value, "stands here twice");
    } else if (target->port != 0 && last > 65535) {
        tell_of(value, fmt::format("is for {} ports, of which the last would be {}",
                                   rule_.port.size(), last));
    } else {
        rule_.targets.push_back(*target);
    }
}

}  // namespace sluice::config
