// SPDX-License-Identifier: BSD-3-Clause
// Byte by byte against RFC 7011 and RFC 8158.
#include "control/nat_log/ipfix.h"

#include <cctype>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "test/control/nat_log/records.h"

namespace sluice::nat_log {
namespace {

using layout::NatLogKind;

std::string hex(const std::string& bytes) {
    std::string text;
    for (const char c : bytes) text += fmt::format("{:02x}", static_cast<uint8_t>(c));
    return text;
}
// What people write to be read, without its blanks.
std::string bytes(std::string_view text) {
    std::string packed;
    for (const char c : text) {
        if (std::isxdigit(static_cast<unsigned char>(c)) != 0) packed += c;
    }
    return packed;
}

constexpr uint64_t time_ms = 0x0000019293949596;
constexpr MessageHeader header{0x65000000, 0x00000102, 0x0000000a};

std::string message_of(std::initializer_list<NatLogKind> kinds, bool destinations = false) {
    std::string message;
    begin_message(message, header);
    for (const NatLogKind kind : kinds) {
        append_record(message, record_of(kind), time_ms, destinations, 1400);
    }
    return hex(message);
}

TEST(Ipfix, MessageBeginsWithVersionLengthTimeSequenceAndDomain) {
    EXPECT_EQ(message_of({}), bytes("000a 0010 65000000 00000102 0000000a"));  // RFC 7011 3.1
}

TEST(Ipfix, SessionsAreToldAsRfc8158Asks) {
    // natEvent 4 and 5: NAT44 session create, delete; one set (RFC 7011 3.3.2) for both
    EXPECT_EQ(message_of({NatLogKind::session_created, NatLogKind::session_ended}),
              bytes("000a 0048 65000000 00000102 0000000a"
                    "0100 0038"
                    "0000019293949596 04 0a000009 cb007102 06 1388 1770 00000007"
                    "0000019293949596 05 0a000009 cb007102 06 1388 1770 00000007"));
}

TEST(Ipfix, SessionsAreToldWithTheirDestinationsWhereThatIsAskedFor) {
    EXPECT_EQ(message_of({NatLogKind::session_created}, true),
              bytes("000a 003a 65000000 00000102 0000000a"
                    "0101 002a"
                    "0000019293949596 04 0a000009 cb007102 06 1388 1770 c0000201 c0000201 0050 0050"
                    "00000007"));
}

TEST(Ipfix, BlocksOfPortsAreToldByTheirEnds) {
    // natEvent 16 and 17: port block allocation, de-allocation
    EXPECT_EQ(message_of({NatLogKind::block_allocated, NatLogKind::block_released}),
              bytes("000a 0046 65000000 00000102 0000000a"
                    "0102 0036"
                    "0000019293949596 10 0a000009 cb007102 1770 17ff 00000007"
                    "0000019293949596 11 0a000009 cb007102 1770 17ff 00000007"));
}

TEST(Ipfix, WhatRanOutIsTold) {
    // natEvent 12: ports exhausted; 3: addresses exhausted; 13: quota exceeded, which is 1 of all
    // sessions, 3 of a user's
    EXPECT_EQ(message_of({NatLogKind::ports_exhausted, NatLogKind::addresses_exhausted,
                          NatLogKind::sessions_exhausted, NatLogKind::subscriber_limit}),
              bytes("000a 0079 65000000 00000102 0000000a"
                    "0103 001a 0000019293949596 0c cb007102 06 0a000009 00000007"
                    "0104 0015 0000019293949596 03 00000007 0a000009"
                    "0105 001d 0000019293949596 0d 00000001 00000100 0a000009 00000007"
                    "0106 001d 0000019293949596 0d 00000003 00000100 0a000009 00000007"));
}

TEST(Ipfix, TemplatesNameEachFieldByIanasNumberAndItsLength) {
    std::string message;
    begin_message(message, header);
    append_templates(message);
    EXPECT_EQ(hex(message).substr(0, 8), "000a00f4");
    EXPECT_EQ(hex(message).substr(32),
              bytes("0002 00e4"  // RFC 7011 3.3.2: set 2
                    "0100 0008 0143 0008 00e6 0001 0008 0004 00e1 0004 0004 0001 0007 0002"
                    "          00e3 0002 011b 0004"
                    "0101 000c 0143 0008 00e6 0001 0008 0004 00e1 0004 0004 0001 0007 0002"
                    "          00e3 0002 000c 0004 00e2 0004 000b 0002 00e4 0002 011b 0004"
                    "0102 0007 0143 0008 00e6 0001 0008 0004 00e1 0004 0169 0002 016a 0002"
                    "          011b 0004"
                    "0103 0006 0143 0008 00e6 0001 00e1 0004 0004 0001 0008 0004 011b 0004"
                    "0104 0004 0143 0008 00e6 0001 011b 0004 0008 0004"
                    "0105 0006 0143 0008 00e6 0001 01d2 0004 01d7 0004 0008 0004 011b 0004"
                    "0106 0006 0143 0008 00e6 0001 01d2 0004 01d9 0004 0008 0004 011b 0004"));
}

TEST(Ipfix, AMessageIsNeverLongerThanItMayBe) {
    for (size_t most = 16; most < 200; ++most) {
        std::string message;
        begin_message(message, header);
        unsigned fit = 0;
        while (append_record(message, record_of(NatLogKind::session_created), 0, true, most)) ++fit;
        EXPECT_LE(message.size(), most);
        EXPECT_EQ(fit, most < 20 ? 0 : (most - 20) / 38);
        EXPECT_EQ(message.size(), fit == 0 ? 16 : 20 + 38 * fit);
    }
}

TEST(Ipfix, ARecordOfAKindThatIsNotKnownTakesNoRoom) {
    EXPECT_EQ(message_of({NatLogKind::none, static_cast<NatLogKind>(200)}), message_of({}));
}

}  // namespace
}  // namespace sluice::nat_log
