// SPDX-License-Identifier: BSD-3-Clause
// GRE's header (RFC 2784, with the key and sequence number of RFC 2890).
#pragma once
#include <cstdint>

#include "dataplane/packet.h"

namespace sluice::gre {

// Bits of the first word, in host order.
inline constexpr uint16_t has_checksum = 0x8000, has_key = 0x2000, has_sequence = 0x1000;
// RFC 2784 2.3, 2.3.1: bits 1 to 5 that neither RFC knows, and any version but 0.
inline constexpr uint16_t refused = 0x4000 | 0x0800 | 0x0400 | 0x0007;

struct Fields {
    uint16_t flags = 0;
    uint16_t protocol = 0;  // what is inside, by EtherType
    uint32_t length = 0;    // of the header, with its optional words
    uint32_t key = 0;       // where has(has_key)
    uint32_t sequence = 0;  // where has(has_sequence)

    bool has(uint16_t bit) const noexcept { return (flags & bit) != 0; }
};

// Reads the header at an offset from the frame's start; false where it is malformed. All of it must
// lie in the first segment, and before `end`.
inline bool read(const Packet& packet, uint32_t at, uint32_t end, Fields& fields) noexcept;

// The checksum of a header that has_checksum: over all that follows (RFC 2784 2.5), up to `end`.
bool checksum_holds(const Packet& packet, uint32_t at, uint32_t end) noexcept;

// ---- implementation of read, which is asked of every packet that is handed over ----------------

bool read(const Packet& packet, uint32_t at, uint32_t end, Fields& fields) noexcept {
    const auto* header = packet.header_at<net::GreHeader>(at);
    if (header == nullptr) return false;
    fields.flags = header->flags.host();
    fields.protocol = header->protocol.host();
    fields.length = sizeof *header;
    if (fields.has(refused)) return false;
    const auto next_word = [&](uint32_t& value) {
        const auto* word = packet.header_at<net::Be32>(at + fields.length);
        fields.length += static_cast<uint32_t>(sizeof *word);
        if (word != nullptr) value = word->host();
        return word != nullptr;
    };
    uint32_t checksum = 0;  // and reserved
    if (fields.has(has_checksum) && !next_word(checksum)) return false;
    if (fields.has(has_key) && !next_word(fields.key)) return false;
    if (fields.has(has_sequence) && !next_word(fields.sequence)) return false;
    return at + fields.length <= end;
}

}  // namespace sluice::gre
