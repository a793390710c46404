// SPDX-License-Identifier: BSD-3-Clause
// IGMP's messages as they stand on the wire (RFC 3376 4, RFC 2236 2).
#pragma once
#include <cstdint>

#include "lib/net/address.h"
#include "lib/net/wire.h"

namespace sluice::igmp {

inline constexpr uint8_t query_type = 0x11, v1_report_type = 0x12, v2_report_type = 0x16,
                         leave_type = 0x17, v3_report_type = 0x22;

inline constexpr net::Ipv4Address all_hosts = net::addr(224, 0, 0, 1);
inline constexpr net::Ipv4Address all_routers = net::addr(224, 0, 0, 2);
inline constexpr net::Ipv4Address all_v3_routers = net::addr(224, 0, 0, 22);

// A query of version 1 or 2; a report or leave of either.
struct Message {
    uint8_t type;
    uint8_t response_code;
    net::Be16 checksum;
    net::Be32 group;
};
static_assert(sizeof(Message) == 8);

// What follows it in a query of version 3, but for the sources.
struct QueryRest {
    uint8_t flags_and_robustness;
    uint8_t interval_code;
    net::Be16 source_count;
};
static_assert(sizeof(QueryRest) == 4);

struct ReportHeader {
    uint8_t type;
    uint8_t reserved;
    net::Be16 checksum;
    net::Be16 reserved_too;
    net::Be16 record_count;
};
static_assert(sizeof(ReportHeader) == 8);

enum class RecordType : uint8_t {
    is_include = 1,
    is_exclude = 2,
    to_include = 3,
    to_exclude = 4,
    allow_new = 5,
    block_old = 6,
};

// Its sources follow, then so many words that are nobody's.
struct RecordHeader {
    RecordType type;
    uint8_t auxiliary_words;
    net::Be16 source_count;
    net::Be32 group;
};
static_assert(sizeof(RecordHeader) == 8);

// RFC 3376 4.1.1: times above 127 stand as four bits and an exponent of three.
constexpr uint8_t time_code(uint32_t units) noexcept {
    if (units < 128) return static_cast<uint8_t>(units);
    uint32_t exponent = 0;
    while (exponent < 7 && units >> (exponent + 3) > 0x1f) ++exponent;
    const uint32_t mantissa = units >> (exponent + 3) > 0x1f ? 0xf : units >> (exponent + 3) & 0xf;
    return static_cast<uint8_t>(0x80 | exponent << 4 | mantissa);
}
constexpr uint32_t time_of(uint8_t code) noexcept {
    if (code < 128) return code;
    return (0x10u | (code & 0xfu)) << ((code >> 4 & 7u) + 3);
}
static_assert(time_of(time_code(127)) == 127 && time_of(time_code(128)) == 128 &&
              time_of(time_code(31744)) == 31744);

}  // namespace sluice::igmp
