// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/ipv4/fragment.h"

#include <array>

#include "dataplane/discard.h"
#include "dataplane/ipv4/options.h"
#include "dataplane/ipv4/output.h"
#include "lib/net/checksum.h"

namespace sluice::ipv4 {
namespace {

constexpr unsigned max_fragments = 192;  // 9001 bytes at the least MTU, 68, make 188
constexpr uint32_t max_header = 60;

struct Header {
    alignas(4) std::array<uint8_t, max_header> bytes;
    uint32_t length;
};

// The header of every fragment but the first: only options whose copied bit is set, padded to
// whole words with end-of-list.
Header later_header(const net::Ipv4Header& ip) noexcept {
    Header header{};
    std::memcpy(header.bytes.data(), &ip, sizeof ip);
    header.length = sizeof ip;
    for (const Option& option : options_of(ip)) {
        if (!option.copied()) continue;
        std::memcpy(header.bytes.data() + header.length, option.bytes, option.length);
        header.length += option.length;
    }
    header.length = (header.length + 3) / 4 * 4;
    header.bytes[0] = static_cast<uint8_t>(0x40 | header.length / 4);
    return header;
}

struct Piece {
    uint32_t offset;  // of its payload in the packet's payload
    uint32_t length;
    bool last;
};

void write(Packet to, const Packet& from, const Header& header, Piece piece) noexcept {
    const net::Ipv4Header& whole = from.ipv4();
    to.set_length(ethernet_header + header.length + piece.length);
    to.ethernet() = from.ethernet();
    std::memcpy(to.data() + ethernet_header, header.bytes.data(), header.length);
    from.copy_out(ethernet_header + whole.header_length() + piece.offset,
                  to.data() + ethernet_header + header.length, piece.length);

    net::Ipv4Header& ip = to.ipv4();
    ip.total_length = net::be16(static_cast<uint16_t>(header.length + piece.length));
    // The packet may be a fragment itself: its own offset and more-fragments bit go on.
    const bool more = !piece.last || whole.more_fragments();
    const uint32_t offset = (whole.fragment_offset() + piece.offset) / 8;
    ip.flags_and_offset =
        net::be16(static_cast<uint16_t>((more ? net::ipv4_more_fragments : 0) | offset));
    net::fill_checksum(ip);
}

}  // namespace

Verdict fragment(Context& c, Packet packet, const Arrival& arrival, const Route& route) noexcept {
    const net::Ipv4Header& ip = packet.ipv4();
    const uint32_t mtu = c.interface(route.adjacency.interface).mtu;
    const uint32_t payload = ip.total_length.host() - ip.header_length();
    Header first{};
    first.length = ip.header_length();
    std::memcpy(first.bytes.data(), &ip, first.length);
    const Header later = later_header(ip);

    // All buffers are taken before anything is sent: a packet goes whole or not at all.
    std::array<Packet, max_fragments> fragments;
    unsigned count = 0;
    for (uint32_t offset = 0; offset < payload;) {
        const Header& header = count == 0 ? first : later;
        const Packet piece = count < max_fragments ? c.pool.allocate() : Packet();
        const uint32_t room = piece ? piece.contiguous() + piece.tailroom() - ethernet_header : 0;
        if (std::min(mtu, room) < header.length + 8) {
            if (piece) c.pool.free(piece);
            while (count > 0) c.pool.free(fragments[--count]);
            return drop(DropReason::no_buffer);
        }
        const uint32_t fits = (std::min(mtu, room) - header.length) / 8 * 8;
        const bool last = payload - offset <= std::min(mtu, room) - header.length;
        const uint32_t length = last ? payload - offset : fits;
        write(piece, packet, header, {offset, length, last});
        fragments[count++] = piece;
        offset += length;
    }
    c.tally(layout::Tally::packets_fragmented);
    c.tally(layout::Tally::fragments_sent, count);
    for (unsigned i = 0; i < count; ++i) {
        const Verdict v = send_on_link(c, fragments[i], arrival, route);
        if (v.is_drop()) discard(c, fragments[i], arrival, v);
    }
    c.pool.free(packet);
    return finished();
}

}  // namespace sluice::ipv4
