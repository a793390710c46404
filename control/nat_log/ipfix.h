// SPDX-License-Identifier: BSD-3-Clause
// IPFIX messages (RFC 7011 3) of NAT events (RFC 8158 5.6), as bytes.
//
//   message header │ set header │ record │ record │ ... │ set header │ ...
//
// Each kind of event has its template. What two kinds have in common is told by natEvent.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>

#include "lib/layout/nat_log.h"

namespace sluice::nat_log {

inline constexpr size_t ipfix_header_bytes = 16;

struct MessageHeader {
    uint32_t export_time_s;  // since 1970
    uint32_t sequence;       // data records sent before this message
    uint32_t domain;
};

// Begins a message in `message`, whatever it held.
void begin_message(std::string& message, const MessageHeader& header);
// All templates, in one set.
void append_templates(std::string& message);
// False, and the message as it was, if the record would make it longer than `most` bytes.
// Records of a kind without a template take no room.
bool append_record(std::string& message, const layout::NatLogRecord& record,
                   uint64_t milliseconds_since_1970, bool destinations, size_t most);

}  // namespace sluice::nat_log
