// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/nat/ftp/segment.h"

#include "dataplane/nat/rewrite.h"
#include "lib/flow/session.h"

namespace sluice::nat::ftp {

std::optional<Segment> Segment::of(Packet packet, const Tuple& tuple) noexcept {
    const net::Ipv4Header& ip = packet.ipv4();
    const auto* tcp = packet.header_at<TcpHeader>(tuple.transport);
    if (ip.is_fragment() || tcp == nullptr || tcp->length() < sizeof *tcp) return {};
    const uint32_t end = ethernet_header + ip.total_length.host();
    const uint32_t text = tuple.transport + tcp->length();
    if (text > end || text > packet.contiguous()) return {};
    return Segment(packet, tuple.transport, end - text);
}

std::optional<std::span<uint8_t>> Segment::text(std::span<uint8_t> room) const noexcept {
    if (text_at() + length_ <= packet_.contiguous()) {
        return std::span(packet_.data() + text_at(), length_);
    }
    if (length_ > room.size()) return {};
    return room.first(packet_.copy_out(text_at(), room.data(), length_));
}

uint64_t Segment::sum() const noexcept {
    const uint32_t end = text_at() + length_;
    return tcp_pseudo_sum(packet_.ipv4(), static_cast<uint16_t>(end - header_)) +
           sum_of(packet_, header_, end);
}

bool Segment::checksum_holds() const noexcept { return net::fold(sum()) == 0xffff; }

// Numbers may lie at odd places, where their bytes count the other way round (RFC 1071 2B).
void Segment::put(uint8_t* at, uint32_t number) noexcept {
    const uint32_t raw = net::be32(number).raw();
    const uint32_t sums = static_cast<uint16_t>(~net::fold(net::sum_words(at, sizeof raw))) +
                          uint32_t{net::fold(net::sum_words(&raw, sizeof raw))};
    const uint16_t delta = net::fold(sums);
    const bool odd = ((at - reinterpret_cast<uint8_t*>(&tcp())) & 1) != 0;
    std::memcpy(at, &raw, sizeof raw);
    tcp().checksum = flow::add_delta(tcp().checksum, odd ? __builtin_bswap16(delta) : delta);
}

void Segment::set_sequence(uint32_t of_first_byte) noexcept {
    const uint32_t syn = (flags() & tcp::syn) != 0;
    put(reinterpret_cast<uint8_t*>(&tcp().sequence), of_first_byte - syn);
}

// The edges of RFC 2018's blocks; none where the options are not in order.
std::span<uint8_t> Segment::selective_acknowledgements() noexcept {
    constexpr uint8_t end = 0, nothing = 1, sack = 5;
    uint8_t* const header = packet_.data() + header_;
    for (uint32_t at = sizeof(TcpHeader); at + 2 <= tcp().length();) {
        const uint8_t kind = header[at], size = header[at + 1];
        if (kind == end) break;
        if (kind == nothing) {
            ++at;
            continue;
        }
        if (size < 2 || at + size > tcp().length()) break;
        if (kind == sack) return {header + at + 2, size - 2u};
        at += size;
    }
    return {};
}

bool Segment::can_grow(int32_t by) const noexcept {
    if (packet_.segments() != 1) return false;
    return by <= 0 || (static_cast<uint32_t>(by) <= packet_.tailroom() &&
                       packet_.ipv4().total_length.host() + by <= 0xffff);
}

void Segment::replace(size_t begin, size_t end, std::string_view text) noexcept {
    uint8_t* const at = packet_.data() + text_at();
    const uint32_t longer = static_cast<uint32_t>(text.size() - (end - begin));  // or wraps
    std::memmove(at + begin + text.size(), at + end, length_ - end);
    std::memcpy(at + begin, text.data(), text.size());
    length_ += longer;
    packet_.set_length(packet_.length() + longer);
    net::Ipv4Header& ip = packet_.ipv4();
    const net::Be16 before = ip.total_length;
    ip.total_length = net::be16(static_cast<uint16_t>(before.host() + longer));
    ip.checksum = net::checksum_adjust(ip.checksum, before, ip.total_length);
}

void Segment::cross_out(size_t begin, size_t end) noexcept {
    std::memset(packet_.data() + text_at() + begin, 'x', end - begin);
}

void Segment::fill_checksums() noexcept {
    tcp().checksum = net::be16(0);
    tcp().checksum = net::checksum_of(sum());
}

}  // namespace sluice::nat::ftp
