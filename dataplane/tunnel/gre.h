// SPDX-License-Identifier: BSD-3-Clause
// GRE's header (RFC 2784, with the key and sequence number of RFC 2890).
#pragma once
#include <cstdint>
#include <optional>

#include "dataplane/packet.h"

namespace sluice::gre {

// Bits of the first word, in host order.
inline constexpr uint16_t has_checksum = 0x8000, has_key = 0x2000, has_sequence = 0x1000;
// RFC 2784 2.3, 2.3.1: bits 1 to 5 that neither RFC knows, and any version but 0.
inline constexpr uint16_t refused = 0x4000 | 0x0800 | 0x0400 | 0x0007;

struct Fields {
    uint16_t protocol = 0;  // what is inside, by EtherType
    uint32_t length = 0;    // of the header, with its optional words
    bool has_checksum = false;
    std::optional<uint32_t> key;
    std::optional<uint32_t> sequence;
};

// The header at an offset from the frame's start; none where it is malformed. All of it must lie
// in the first segment, and before `end`.
inline std::optional<Fields> read(const Packet& packet, uint32_t at, uint32_t end) noexcept;

// The checksum of a header that was read: over all that follows (RFC 2784 2.5), up to `end`.
bool checksum_holds(const Packet& packet, uint32_t at, uint32_t end) noexcept;

// ---- implementation of read, which is asked of every packet that is handed over ----------------

std::optional<Fields> read(const Packet& packet, uint32_t at, uint32_t end) noexcept {
    const auto* header = packet.header_at<net::GreHeader>(at);
    if (header == nullptr || at + sizeof *header > end) return std::nullopt;
    const uint16_t flags = header->flags.host();
    if ((flags & refused) != 0) return std::nullopt;

    Fields fields;
    fields.protocol = header->protocol.host();
    fields.length = sizeof *header;
    fields.has_checksum = (flags & has_checksum) != 0;
    const auto next_word = [&]() -> std::optional<uint32_t> {
        const auto* word = packet.header_at<net::Be32>(at + fields.length);
        fields.length += static_cast<uint32_t>(sizeof *word);
        if (word == nullptr || at + fields.length > end) return std::nullopt;
        return word->host();
    };
    if (fields.has_checksum && !next_word()) return std::nullopt;
    if ((flags & has_key) != 0 && !(fields.key = next_word())) return std::nullopt;
    if ((flags & has_sequence) != 0 && !(fields.sequence = next_word())) return std::nullopt;
    return fields;
}

}  // namespace sluice::gre
