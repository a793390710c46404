// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/ipv6/extensions.h"

namespace sluice::ipv6 {
namespace {

namespace ext = net::extension;
constexpr unsigned most_extensions = 8;

bool is_extension(uint8_t protocol) noexcept {
    return protocol == ext::hop_by_hop || protocol == ext::routing || protocol == ext::fragment ||
           protocol == ext::authentication || protocol == ext::destination_options;
}

// Where the option lies that is not to be passed over by who does not know it, by the two highest
// bits of its type (RFC 8200 4.2); or that reaches past the header. 0: there is none.
uint32_t refused_option(const uint8_t* header, uint32_t length) noexcept {
    constexpr uint8_t pad_of_one = 0;
    for (uint32_t at = 2; at < length;) {
        if (header[at] == pad_of_one) {
            ++at;
            continue;
        }
        const bool whole = at + 1 < length && at + 2u + header[at + 1] <= length;
        if (!whole || header[at] >> 6 != 0) return at;
        at += 2u + header[at + 1];
    }
    return 0;
}

uint32_t refused_in(uint8_t kind, const uint8_t* header, uint32_t length) noexcept {
    constexpr uint32_t type_at = 2, segments_left_at = 3;
    if (kind == ext::routing) return header[segments_left_at] != 0 ? type_at : 0;
    const bool has_options = kind == ext::hop_by_hop || kind == ext::destination_options;
    return has_options ? refused_option(header, length) : 0;
}

uint32_t length_of(uint8_t kind, const uint8_t* header) noexcept {
    if (kind == ext::fragment) return sizeof(net::FragmentHeader);
    return kind == ext::authentication ? 4 * (header[1] + 2u) : 8 * (header[1] + 1u);
}

}  // namespace

std::optional<Payload> payload_of(const Packet& packet) noexcept {
    constexpr uint32_t next_header_at = 6;
    Payload p{.protocol = packet.ipv6().next_header,
              .at = ethernet_header + static_cast<uint32_t>(sizeof(net::Ipv6Header)),
              .named_at = next_header_at};
    for (unsigned n = 0; n < most_extensions; ++n) {
        if (!is_extension(p.protocol)) return p;
        const auto* fragment = packet.header_at<net::FragmentHeader>(p.at);
        if (fragment == nullptr) return std::nullopt;
        const auto* header = reinterpret_cast<const uint8_t*>(fragment);
        const uint32_t length = length_of(p.protocol, header);
        if (p.at + length > packet.contiguous()) return std::nullopt;
        if (const uint32_t at = refused_in(p.protocol, header, length); at != 0) {
            p.refused_at = p.at - ethernet_header + at;
            return p;
        }
        if (p.protocol == ext::fragment) {
            p.is_fragment |= (fragment->offset_and_more.host() & 0xfff9) != 0;
            p.is_later_fragment |= fragment->offset_and_more.host() >> 3 != 0;
        }
        p.protocol = fragment->next_header;
        p.named_at = p.at - ethernet_header;
        p.at += length;
        if (p.is_later_fragment) return p;
    }
    return std::nullopt;
}

}  // namespace sluice::ipv6
