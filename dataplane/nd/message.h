// SPDX-License-Identifier: BSD-3-Clause
// Messages of Neighbour Discovery (RFC 4861 4): written piece by piece, and their options read.
#pragma once
#include <cstring>
#include <optional>

#include "dataplane/context.h"

namespace sluice::nd {

// A message to be sent: none where no buffer is free.
class Draft {
  public:
    explicit Draft(Context& c) noexcept : packet_(c.pool.allocate()) {
        if (packet_) packet_.set_length(ethernet_header + sizeof(net::Ipv6Header));
    }
    template <typename Field>
    Draft& append(const Field& field) noexcept {
        if (!packet_) return *this;
        const uint32_t at = packet_.length();
        packet_.set_length(at + static_cast<uint32_t>(sizeof field));
        std::memcpy(packet_.data() + at, &field, sizeof field);
        return *this;
    }
    // Whether another field leaves it as short as every link takes.
    bool has_room_for(size_t bytes) const noexcept {
        return packet_ && packet_.length() + bytes <= ethernet_header + net::least_ipv6_mtu;
    }
    // To a neighbour on the interface, whose MAC address is known.
    void send(Context& c, InterfaceId interface, net::MacAddress mac, net::Ipv6Address source,
              net::Ipv6Address destination) noexcept;

  private:
    Packet packet_;
};

net::LinkAddressOption link_address(uint8_t type, net::MacAddress mac) noexcept;

struct Options {
    std::optional<net::MacAddress> source;
    std::optional<net::MacAddress> target;
};
// From an offset to the packet's end, all of it in the first segment. None where an option is of no
// length, reaches beyond the end, or names an address that is no station's. Others are passed over
// (RFC 4861 4.6).
std::optional<Options> options_of(const Packet& packet, uint32_t at) noexcept;

}  // namespace sluice::nd
