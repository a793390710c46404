// SPDX-License-Identifier: BSD-3-Clause
#include "control/api/nat_view.h"

#include <array>
#include <charconv>

#include <fmt/format.h>

#include "control/config/names.h"
#include "control/config/wording.h"
#include "dataplane/nat/session_state.h"

namespace sluice::api {
namespace {

// By nat::TcpState.
constexpr std::array<std::string_view, 9> tcp_states{
    "", "syn_out", "syn_in", "established", "fin_out", "fin_in", "closing", "reset", "in_doubt"};

static_assert(static_cast<size_t>(nat::TcpState::established) == 3 &&
              static_cast<size_t>(nat::TcpState::in_doubt) == tcp_states.size() - 1);

std::string_view state_name(uint32_t state) {
    const auto tcp = static_cast<size_t>(nat::tcp_state(state));
    return tcp < tcp_states.size() ? tcp_states[tcp] : "unknown";
}

std::string endpoint(net::Be32 address, net::Be16 port) {
    const std::string text = net::to_string(net::Ipv4Address{address.host()});
    return port.host() == 0 ? text : fmt::format("{}:{}", text, port.host());
}

struct AddressAndMask {
    uint32_t address = 0;
    uint32_t mask = 0;
};
AddressAndMask prefix_in(const Params& params, const char* name) {
    const auto text = params.optional_text(name);
    if (!text) return {};
    if (const auto address = net::parse_address(*text)) return {address->value, ~uint32_t{0}};
    if (const auto prefix = net::parse_prefix(*text))
        return {prefix->address.value, prefix->mask()};
    throw Failure(error::invalid_params,
                  fmt::format("\"{}\" should be an IPv4 address or prefix, not {}", name,
                              config::in_quotes(*text)));
}

uint8_t protocol_in(const Params& params) {
    const auto text = params.optional_text("protocol");
    if (!text) return 0;
    for (const auto& [name, number] : config::protocol_names) {
        if (*text == name) return number;
    }
    uint8_t number = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
    if (error == std::errc{} && end == text->data() + text->size()) return number;
    throw Failure(error::invalid_params,
                  "\"protocol\" should be tcp, udp, icmp or another protocol's name or number");
}

uint16_t rule_in(const Control& control, const Params& params) {
    const auto name = params.optional_text("rule");
    if (!name) return 0;
    const auto& rules = control.intent.config().nat;
    std::vector<std::string> names;
    for (size_t n = 0; n < rules.size(); ++n) {
        if (rules[n].name == *name) return control.intent.nat().rules[n].id;
        names.push_back(rules[n].name);
    }
    throw Failure(error::refused,
                  fmt::format("there is no rule {}{}", config::in_quotes(*name),
                              names.empty() ? "" : "; there is " + config::listed(names)));
}

}  // namespace

std::string protocol_name(uint8_t protocol) {
    for (const auto& [name, number] : config::protocol_names) {
        if (number == protocol) return std::string(name);
    }
    return std::to_string(protocol);
}

layout::NatSessionFilter session_filter_in(const Control& control, const Params& params) {
    const AddressAndMask address = prefix_in(params, "address");
    const AddressAndMask external = prefix_in(params, "external");
    layout::NatSessionFilter filter{};
    filter.address = address.address;
    filter.address_mask = address.mask;
    filter.external = external.address;
    filter.external_mask = external.mask;
    filter.rule = rule_in(control, params);
    filter.port = static_cast<uint16_t>(params.number_or("port", 0, UINT16_MAX));
    filter.protocol = protocol_in(params);
    return filter;
}

json describe_session(const Control& control, const flow::SessionCopy& session, uint32_t now) {
    const auto since = [now](uint32_t tick) { return now > tick ? now - tick : 0; };
    const flow::FlowKey& out = session.facts.keys[0];
    const flow::FlowKey& in = session.facts.keys[1];
    json row{{"protocol", protocol_name(out.protocol)},
             {"internal", endpoint(out.source, out.source_port)},
             {"external", endpoint(in.destination, in.destination_port)},
             {"remote", endpoint(in.source, in.source_port)},
             {"state", state_name(session.state)},
             {"age_s", since(session.facts.created)},
             {"idle_s", since(session.last_seen)},
             {"rule", control.intent.nat_rule_name(session.facts.rule)}};
    // Twice NAT: the host inside knows the remote one by another address.
    if (out.destination != in.source || out.destination_port != in.source_port) {
        row["remote_seen_inside"] = endpoint(out.destination, out.destination_port);
    }
    return row;
}

}  // namespace sluice::api
