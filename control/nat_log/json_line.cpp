// SPDX-License-Identifier: BSD-3-Clause
#include "control/nat_log/json_line.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <iterator>

#include <fmt/format.h>

#include "control/config/names.h"

namespace sluice::nat_log {
namespace {

using layout::NatLogKind;
using layout::NatLogRecord;

template <typename... Args>
void append(std::string& text, fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(text), format, std::forward<Args>(args)...);
}

void append_time(std::string& text, uint64_t milliseconds) {
    const auto seconds = static_cast<time_t>(milliseconds / 1000);
    tm utc{};
    ::gmtime_r(&seconds, &utc);
    append(text, "{{\"time\":\"{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z\"", utc.tm_year + 1900,
           utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, milliseconds % 1000);
}

void append_address(std::string& text, const char* name, uint32_t address) {
    append(text, ",\"{}\":\"{}\"", name, net::to_string(net::Ipv4Address{address}));
}

void append_endpoint(std::string& text, const char* name, uint32_t address, uint16_t port) {
    if (port == 0) return append_address(text, name, address);
    append(text, ",\"{}\":\"{}:{}\"", name, net::to_string(net::Ipv4Address{address}), port);
}

void append_rule(std::string& text, const std::string& name) {
    if (name.empty()) {
        text += ",\"rule\":null";
    } else {
        append(text, ",\"rule\":\"{}\"", name);
    }
}

void append_protocol(std::string& text, uint8_t number) {
    for (const auto& [name, its_number] : config::protocol_names) {
        if (number == its_number && number != 0) return append(text, ",\"protocol\":\"{}\"", name);
    }
    append(text, ",\"protocol\":\"{}\"", number);
}

void append_remote(std::string& text, const NatLogRecord& r) {
    append_endpoint(text, "remote", r.at.remote, r.at.remote_port);
    if (r.at.remote != r.at.remote_inside || r.at.remote_port != r.at.remote_inside_port) {
        append_endpoint(text, "remote_seen_inside", r.at.remote_inside, r.at.remote_inside_port);
    }
}

void append_session(std::string& text, const NatLogRecord& r, bool destinations) {
    append_protocol(text, r.protocol);
    append_endpoint(text, "internal", r.at.internal, r.at.internal_port);
    append_endpoint(text, "external", r.at.external, r.at.external_port);
    if (destinations) append_remote(text, r);
    if (r.kind == NatLogKind::session_ended) {
        const uint64_t ended = r.time_ns / 1'000'000'000;
        append(text, ",\"age_s\":{}", ended - std::min<uint64_t>(ended, r.created));
    }
}

void append_block(std::string& text, const NatLogRecord& r) {
    append_address(text, "internal", r.at.internal);
    append_address(text, "external", r.at.external);
    append(text, ",\"ports\":\"{}-{}\"", r.at.external_port, r.last_port);
}

void append_refusal(std::string& text, const NatLogRecord& r, bool destinations) {
    append_protocol(text, r.protocol);
    append_endpoint(text, "internal", r.at.internal, r.at.internal_port);
    if (r.at.external != 0) append_address(text, "external", r.at.external);
    if (destinations) append_endpoint(text, "remote", r.at.remote, r.at.remote_port);
    if (r.limit != 0) append(text, ",\"limit\":{}", r.limit);
    if (r.kind == NatLogKind::subscriber_limit) {
        const bool of_ports = r.limit_of == layout::NatLogLimit::ports;
        append(text, ",\"limit_of\":\"{}\"", of_ports ? "ports" : "sessions");
    }
}

}  // namespace

std::string_view name_of(NatLogKind kind) {
    static constexpr std::array<std::string_view, 9> names{"none",
                                                           "session_created",
                                                           "session_ended",
                                                           "port_block_allocated",
                                                           "port_block_released",
                                                           "ports_exhausted",
                                                           "addresses_exhausted",
                                                           "sessions_exhausted",
                                                           "subscriber_limit"};
    const auto number = static_cast<size_t>(kind);
    return number < names.size() ? names[number] : "unknown";
}

void append_line(std::string& text, const NatLogRecord& record, unsigned worker, uint64_t number,
                 const Words& words) {
    append_time(text, words.milliseconds_since_1970(record.time_ns));
    append(text, ",\"event\":\"{}\"", name_of(record.kind));
    append_rule(text, words.rule_name(record.rule));
    switch (record.kind) {
        case NatLogKind::session_created:
        case NatLogKind::session_ended: append_session(text, record, words.destinations); break;
        case NatLogKind::block_allocated:
        case NatLogKind::block_released: append_block(text, record); break;
        default: append_refusal(text, record, words.destinations); break;
    }
    append(text, ",\"worker\":{},\"number\":{}}}\n", worker, number);
}

void append_lost_line(std::string& text, unsigned worker, uint64_t number, uint64_t lost,
                      uint64_t milliseconds_since_1970) {
    append_time(text, milliseconds_since_1970);
    append(text, ",\"event\":\"records_lost\",\"records\":{},\"worker\":{},\"number\":{}}}\n", lost,
           worker, number - lost);
}

}  // namespace sluice::nat_log
