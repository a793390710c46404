// SPDX-License-Identifier: BSD-3-Clause
#include "control/config/nat_log.h"

#include "control/config/addresses.h"
#include "control/config/fields.h"
#include "control/config/nat_values.h"

namespace sluice::config {
namespace {

using nlohmann::json;

void read_collector(const json& value, NatLog& log, Mistakes& mistakes) {
    if (value == "") return;
    const auto endpoint = read_target(value, mistakes);
    if (!endpoint) return;
    const std::string reason = why_no_host(endpoint->address);
    if (!reason.empty() && !endpoint->address.is_loopback()) {
        mistakes.add(value, value.dump() + " " + reason);
        return;
    }
    log.collector.emplace().address = endpoint->address;
    if (endpoint->port != 0) log.collector->port = endpoint->port;
}

void read_events(const json& list, NatLog& log) {
    log.events = 0;
    for (const json& word : list) {
        for (const auto& [name, event] : nat_log_event_names) {
            if (word == name) log.events |= static_cast<uint32_t>(event);
        }
    }
}

}  // namespace

void read_nat_log(const json& section, Reading& reading) {
    NatLog& log = reading.config.nat_log;
    const Fields fields(section, reading.mistakes);
    fields.read("file", log.file);
    fields.read("destinations", log.destinations);
    if (const json* events = fields.find("events")) read_events(*events, log);
    const json* ipfix = fields.find("ipfix");
    if (ipfix == nullptr) return;
    const Fields to(*ipfix, reading.mistakes);
    if (const json* collector = to.find("collector")) {
        read_collector(*collector, log, reading.mistakes);
    }
    to.read("domain", log.domain);
    to.read("template_s", log.template_s);
    to.read("message_bytes", log.message_bytes);
}

}  // namespace sluice::config
