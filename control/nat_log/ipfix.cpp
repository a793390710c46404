// SPDX-License-Identifier: BSD-3-Clause
#include "control/nat_log/ipfix.h"

#include <span>

namespace sluice::nat_log {
namespace {

using layout::NatLogKind;
using layout::NatLogRecord;

constexpr uint16_t version = 10;
constexpr uint16_t template_set = 2;
constexpr size_t length_at = 2;  // of the message
constexpr size_t set_header_bytes = 4;

// IANA's numbers of the information elements.
enum Element : uint16_t {
    protocol_identifier = 4,
    source_transport_port = 7,
    source_ipv4_address = 8,
    destination_transport_port = 11,
    destination_ipv4_address = 12,
    post_nat_source_ipv4_address = 225,
    post_nat_destination_ipv4_address = 226,
    post_napt_source_transport_port = 227,
    post_napt_destination_transport_port = 228,
    nat_event = 230,
    nat_pool_id = 283,
    observation_time_milliseconds = 323,
    port_range_start = 361,
    port_range_end = 362,
    nat_quota_exceeded_event = 466,
    max_session_entries = 471,
    max_entries_per_user = 473,
};

struct Field {
    Element element;
    uint16_t bytes;
};

// The rule's id is the pool: natPoolID is the only element for it.
constexpr Field session_fields[] = {
    {observation_time_milliseconds, 8},   {nat_event, 1},           {source_ipv4_address, 4},
    {post_nat_source_ipv4_address, 4},    {protocol_identifier, 1}, {source_transport_port, 2},
    {post_napt_source_transport_port, 2}, {nat_pool_id, 4}};
constexpr Field session_and_destination_fields[] = {{observation_time_milliseconds, 8},
                                                    {nat_event, 1},
                                                    {source_ipv4_address, 4},
                                                    {post_nat_source_ipv4_address, 4},
                                                    {protocol_identifier, 1},
                                                    {source_transport_port, 2},
                                                    {post_napt_source_transport_port, 2},
                                                    {destination_ipv4_address, 4},
                                                    {post_nat_destination_ipv4_address, 4},
                                                    {destination_transport_port, 2},
                                                    {post_napt_destination_transport_port, 2},
                                                    {nat_pool_id, 4}};
constexpr Field block_fields[] = {{observation_time_milliseconds, 8},
                                  {nat_event, 1},
                                  {source_ipv4_address, 4},
                                  {post_nat_source_ipv4_address, 4},
                                  {port_range_start, 2},
                                  {port_range_end, 2},
                                  {nat_pool_id, 4}};
constexpr Field ports_exhausted_fields[] = {
    {observation_time_milliseconds, 8}, {nat_event, 1},           {post_nat_source_ipv4_address, 4},
    {protocol_identifier, 1},           {source_ipv4_address, 4}, {nat_pool_id, 4}};
constexpr Field addresses_exhausted_fields[] = {
    {observation_time_milliseconds, 8}, {nat_event, 1}, {nat_pool_id, 4}, {source_ipv4_address, 4}};
constexpr Field sessions_exhausted_fields[] = {
    {observation_time_milliseconds, 8}, {nat_event, 1},           {nat_quota_exceeded_event, 4},
    {max_session_entries, 4},           {source_ipv4_address, 4}, {nat_pool_id, 4}};
constexpr Field subscriber_limit_fields[] = {
    {observation_time_milliseconds, 8}, {nat_event, 1},           {nat_quota_exceeded_event, 4},
    {max_entries_per_user, 4},          {source_ipv4_address, 4}, {nat_pool_id, 4}};

struct Template {
    uint16_t id;
    std::span<const Field> fields;

    size_t record_bytes() const {
        size_t sum = 0;
        for (const Field& f : fields) sum += f.bytes;
        return sum;
    }
};
constexpr Template session{256, session_fields};
constexpr Template session_and_destination{257, session_and_destination_fields};
constexpr Template block{258, block_fields};
constexpr Template ports_exhausted{259, ports_exhausted_fields};
constexpr Template addresses_exhausted{260, addresses_exhausted_fields};
constexpr Template sessions_exhausted{261, sessions_exhausted_fields};
constexpr Template subscriber_limit{262, subscriber_limit_fields};
constexpr const Template* templates[] = {
    &session,         &session_and_destination, &block,
    &ports_exhausted, &addresses_exhausted,     &sessions_exhausted,
    &subscriber_limit};

// What a kind is called in natEvent (RFC 8158 8.5), and in natQuotaExceededEvent.
struct Meaning {
    const Template* form;
    uint8_t event;
    uint32_t quota;
};
Meaning meaning_of(NatLogKind kind, bool destinations) {
    const Template* of_sessions = destinations ? &session_and_destination : &session;
    switch (kind) {
        case NatLogKind::session_created: return {of_sessions, 4, 0};
        case NatLogKind::session_ended: return {of_sessions, 5, 0};
        case NatLogKind::block_allocated: return {&block, 16, 0};
        case NatLogKind::block_released: return {&block, 17, 0};
        case NatLogKind::ports_exhausted: return {&ports_exhausted, 12, 0};
        case NatLogKind::addresses_exhausted: return {&addresses_exhausted, 3, 0};
        case NatLogKind::sessions_exhausted: return {&sessions_exhausted, 13, 1};
        case NatLogKind::subscriber_limit: return {&subscriber_limit, 13, 3};
        default: return {nullptr, 0, 0};
    }
}

// The lowest `bytes` of a value, in network order.
void append(std::string& message, uint64_t value, size_t bytes) {
    for (size_t n = bytes; n-- > 0;) message.push_back(static_cast<char>(value >> 8 * n & 0xff));
}

void put_16(std::string& message, size_t at, size_t value) {
    message[at] = static_cast<char>(value >> 8 & 0xff);
    message[at + 1] = static_cast<char>(value & 0xff);
}

size_t get_16(const std::string& message, size_t at) {
    return size_t{static_cast<uint8_t>(message[at])} << 8 | static_cast<uint8_t>(message[at + 1]);
}

uint64_t value_of(Element element, const NatLogRecord& r, const Meaning& meaning,
                  uint64_t milliseconds) {
    switch (element) {
        case protocol_identifier: return r.protocol;
        case source_transport_port: return r.at.internal_port;
        case source_ipv4_address: return r.at.internal;
        case destination_transport_port: return r.at.remote_inside_port;
        case destination_ipv4_address: return r.at.remote_inside;
        case post_nat_source_ipv4_address: return r.at.external;
        case post_nat_destination_ipv4_address: return r.at.remote;
        case post_napt_source_transport_port: return r.at.external_port;
        case post_napt_destination_transport_port: return r.at.remote_port;
        case nat_event: return meaning.event;
        case nat_pool_id: return r.rule;
        case observation_time_milliseconds: return milliseconds;
        case port_range_start: return r.at.external_port;
        case port_range_end: return r.last_port;
        case nat_quota_exceeded_event: return meaning.quota;
        case max_session_entries:
        case max_entries_per_user: return r.limit;
    }
    return 0;
}

// The last set of the message, or its end where there is none.
size_t last_set(const std::string& message) {
    size_t at = ipfix_header_bytes;
    while (at < message.size() && at + get_16(message, at + 2) < message.size()) {
        at += get_16(message, at + 2);
    }
    return at;
}

void begin_set(std::string& message, uint16_t id) {
    append(message, id, 2);
    append(message, set_header_bytes, 2);
}

void end_set(std::string& message, size_t set) {
    put_16(message, set + 2, message.size() - set);
    put_16(message, length_at, message.size());
}

}  // namespace

void begin_message(std::string& message, const MessageHeader& header) {
    message.clear();
    append(message, version, 2);
    append(message, ipfix_header_bytes, 2);
    append(message, header.export_time_s, 4);
    append(message, header.sequence, 4);
    append(message, header.domain, 4);
}

void append_templates(std::string& message) {
    const size_t set = message.size();
    begin_set(message, template_set);
    for (const Template* t : templates) {
        append(message, t->id, 2);
        append(message, t->fields.size(), 2);
        for (const Field& f : t->fields) {
            append(message, f.element, 2);
            append(message, f.bytes, 2);
        }
    }
    end_set(message, set);
}

bool append_record(std::string& message, const NatLogRecord& record, uint64_t milliseconds,
                   bool destinations, size_t most) {
    const Meaning meaning = meaning_of(record.kind, destinations);
    if (meaning.form == nullptr) return true;
    size_t set = last_set(message);
    const bool opens = set == message.size() || get_16(message, set) != meaning.form->id;
    if (opens) set = message.size();
    const size_t needed = meaning.form->record_bytes() + (opens ? set_header_bytes : 0);
    if (message.size() + needed > most) return false;
    if (opens) begin_set(message, meaning.form->id);
    for (const Field& f : meaning.form->fields) {
        append(message, value_of(f.element, record, meaning, milliseconds), f.bytes);
    }
    end_set(message, set);
    return true;
}

}  // namespace sluice::nat_log
