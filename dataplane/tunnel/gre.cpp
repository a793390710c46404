// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/tunnel/gre.h"

#include "dataplane/checksum.h"

namespace sluice::gre {

std::optional<Fields> parse(const Packet& packet, uint32_t at, uint32_t end) noexcept {
    const auto* header = packet.header_at<net::GreHeader>(at);
    if (header == nullptr || at + sizeof *header > end) return std::nullopt;
    const uint16_t flags = header->flags.host();
    if ((flags & refused) != 0) return std::nullopt;

    Fields fields;
    fields.protocol = header->protocol.host();
    fields.length = sizeof *header;
    const auto next_word = [&]() -> std::optional<uint32_t> {
        const auto* word = packet.header_at<net::Be32>(at + fields.length);
        fields.length += sizeof *word;
        if (word == nullptr || at + fields.length > end) return std::nullopt;
        return word->host();
    };
    if ((flags & has_checksum) != 0) {
        if (!next_word()) return std::nullopt;
        fields.checksum_sum = sum_of(packet, at, end - at);
    }
    if ((flags & has_key) != 0 && !(fields.key = next_word())) return std::nullopt;
    if ((flags & has_sequence) != 0 && !(fields.sequence = next_word())) return std::nullopt;
    return fields;
}

}  // namespace sluice::gre
