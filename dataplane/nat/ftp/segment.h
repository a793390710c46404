// SPDX-License-Identifier: BSD-3-Clause
// A TCP segment whose text and numbers can be changed, with its checksums kept true.
#pragma once
#include <optional>
#include <span>
#include <string_view>

#include "dataplane/nat/tcp_header.h"
#include "dataplane/nat/tuple.h"
#include "dataplane/packet.h"

namespace sluice::nat::ftp {

class Segment {
  public:
    // Nothing where the header is not whole, or it is in fragments.
    static std::optional<Segment> of(Packet packet, const Tuple& tuple) noexcept;

    uint8_t flags() const noexcept { return tcp().flags; }
    // Of the first byte of text.
    uint32_t sequence() const noexcept {
        return tcp().sequence.host() + ((flags() & tcp::syn) != 0);
    }
    uint32_t length() const noexcept { return length_; }
    // Where it lies, or, where it is spread over buffers, a copy; nothing if `room` is too small.
    std::optional<std::span<uint8_t>> text(std::span<uint8_t> room) const noexcept;
    bool checksum_holds() const noexcept;

    void set_sequence(uint32_t of_first_byte) noexcept;
    // What the remote has got, as `to_inside` tells it.
    template <typename Function>
    void change_acknowledgements(Function&& to_inside) noexcept;

    // Room for so many more bytes of text.
    bool can_grow(int32_t by) const noexcept;
    // Leaves the checksums false until all is replaced and fill_checksums() was called.
    void replace(size_t begin, size_t end, std::string_view text) noexcept;
    void cross_out(size_t begin, size_t end) noexcept;
    void fill_checksums() noexcept;

  private:
    Segment(Packet packet, uint32_t header, uint32_t length) noexcept
        : packet_(packet), header_(header), length_(length) {}
    TcpHeader& tcp() const noexcept {
        return *reinterpret_cast<TcpHeader*>(packet_.data() + header_);
    }
    uint32_t text_at() const noexcept { return header_ + tcp().length(); }
    uint64_t sum() const noexcept;
    void put(uint8_t* at, uint32_t number) noexcept;
    std::span<uint8_t> selective_acknowledgements() noexcept;

    Packet packet_;
    uint32_t header_;  // from the frame's start
    uint32_t length_;  // of the text
};

template <typename Function>
void Segment::change_acknowledgements(Function&& to_inside) noexcept {
    if ((flags() & tcp::ack) == 0) return;
    auto& acknowledgement = tcp().acknowledgement;
    put(reinterpret_cast<uint8_t*>(&acknowledgement), to_inside(acknowledgement.host()));
    const std::span<uint8_t> edges = selective_acknowledgements();
    for (size_t at = 0; at + 4 <= edges.size(); at += 4) {
        net::Be32 edge;
        std::memcpy(static_cast<void*>(&edge), edges.data() + at, sizeof edge);
        put(edges.data() + at, to_inside(edge.host()));
    }
}

}  // namespace sluice::nat::ftp
