// SPDX-License-Identifier: BSD-3-Clause
// A packet: a handle on a DPDK buffer chain, as cheap to pass as a pointer.
//
// It does not own the buffer. Who holds a packet either passes it on (to a transmitter, to a
// queue of held packets) or gives it back to the pool; the pipeline sees to that for all stages.
// Headers are looked at in the first segment only: a header that is not whole there is not there.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include <rte_mbuf_core.h>

#include "lib/net/wire.h"
#include "lib/net/wire6.h"

namespace sluice {

inline constexpr uint32_t ethernet_header = sizeof(net::EthernetHeader);

class Packet {
  public:
    constexpr Packet() noexcept = default;
    explicit constexpr Packet(rte_mbuf* first) noexcept : first_(first) {}
    explicit operator bool() const noexcept { return first_ != nullptr; }
    rte_mbuf* buffer() const noexcept { return first_; }

    uint32_t length() const noexcept { return first_->pkt_len; }
    uint32_t contiguous() const noexcept { return first_->data_len; }
    unsigned segments() const noexcept { return first_->nb_segs; }
    uint8_t* data() const noexcept {
        return static_cast<uint8_t*>(first_->buf_addr) + first_->data_off;
    }
    uint32_t headroom() const noexcept { return first_->data_off; }
    uint32_t tailroom() const noexcept {
        return first_->buf_len - first_->data_off - first_->data_len;
    }

    // The header at an offset from the frame's start, or nullptr unless all of it is there.
    template <typename Header>
    Header* header_at(uint32_t offset) const noexcept {
        if (offset + sizeof(Header) > contiguous()) return nullptr;
        return reinterpret_cast<Header*>(data() + offset);
    }
    // For stages behind the one that showed these headers to be whole.
    net::EthernetHeader& ethernet() const noexcept {
        return *reinterpret_cast<net::EthernetHeader*>(data());
    }
    net::Ipv4Header& ipv4() const noexcept {
        return *reinterpret_cast<net::Ipv4Header*>(data() + ethernet_header);
    }

    net::Ipv6Header& ipv6() const noexcept {
        return *reinterpret_cast<net::Ipv6Header*>(data() + ethernet_header);
    }
    // By the frame's type, where there is one.
    bool is_ipv6() const noexcept {
        const auto* frame = header_at<net::EthernetHeader>(0);
        return frame != nullptr &&
               frame->type.host() == static_cast<uint16_t>(net::EtherType::ipv6);
    }

    // Makes the frame this long, at most as long as it is. Returns the segments that no longer
    // belong to it (none, mostly), which the caller gives back to the pool.
    Packet cut(uint32_t new_length) noexcept {
        uint32_t before = 0;
        rte_mbuf* segment = first_;
        uint16_t kept = 1;
        while (before + segment->data_len < new_length && segment->next != nullptr) {
            before += segment->data_len;
            segment = segment->next;
            ++kept;
        }
        segment->data_len = static_cast<uint16_t>(new_length - before);
        rte_mbuf* rest = segment->next;
        segment->next = nullptr;
        const auto left = static_cast<uint16_t>(first_->nb_segs - kept);
        first_->nb_segs = kept;
        first_->pkt_len = new_length;
        if (rest != nullptr) {
            rest->nb_segs = left;
            rest->pkt_len = 0;
        }
        return Packet(rest);
    }

    // Takes bytes away from the front of the first segment; they must be there.
    void pull(uint32_t bytes) noexcept {
        first_->data_off = static_cast<uint16_t>(first_->data_off + bytes);
        first_->data_len = static_cast<uint16_t>(first_->data_len - bytes);
        first_->pkt_len -= bytes;
    }

    // Makes room in front of the first segment; the headroom must be there.
    void push(uint32_t bytes) noexcept {
        first_->data_off = static_cast<uint16_t>(first_->data_off - bytes);
        first_->data_len = static_cast<uint16_t>(first_->data_len + bytes);
        first_->pkt_len += bytes;
    }

    // Appends the segments of another packet, which is then no packet of its own any more.
    void chain(Packet tail) noexcept {
        rte_mbuf* last = first_;
        while (last->next != nullptr) last = last->next;
        last->next = tail.first_;
        first_->nb_segs = static_cast<uint16_t>(first_->nb_segs + tail.first_->nb_segs);
        first_->pkt_len += tail.first_->pkt_len;
    }

    // Copies bytes out, over all segments; returns how many there were.
    uint32_t copy_out(uint32_t offset, void* to, uint32_t length) const noexcept {
        auto* out = static_cast<uint8_t*>(to);
        uint32_t copied = 0;
        for (const rte_mbuf* s = first_; s != nullptr && copied < length; s = s->next) {
            if (offset >= s->data_len) {
                offset -= s->data_len;
                continue;
            }
            const uint32_t n = std::min(s->data_len - offset, length - copied);
            std::memcpy(out + copied,
                        static_cast<const uint8_t*>(s->buf_addr) + s->data_off + offset, n);
            copied += n;
            offset = 0;
        }
        return copied;
    }

    // Sets a fresh buffer's length; there must be room.
    void set_length(uint32_t length) noexcept {
        first_->data_len = static_cast<uint16_t>(length);
        first_->pkt_len = length;
    }

  private:
    rte_mbuf* first_ = nullptr;
};

// Where packets come from that the router makes itself, and where all of them end.
class PacketPool {
  public:
    virtual ~PacketPool() = default;
    // One empty segment with the usual headroom, or no packet when none is free.
    virtual Packet allocate() noexcept = 0;
    // The whole chain.
    virtual void free(Packet packet) noexcept = 0;
};

}  // namespace sluice
