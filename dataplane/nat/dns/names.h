// SPDX-License-Identifier: BSD-3-Clause
// The names of addresses (RFC 1035 3.5), such as 9.0.0.10.in-addr.arpa, in a DNS message: each
// becomes that of what the address is on the other side. Digits come and go, so all behind them
// moves, and with it what compressed names point at (RFC 1035 4.1.4): the message is copied.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "lib/net/address.h"

namespace sluice::nat::dns {

class OtherSide {
  public:
    // Nothing where the address is none there, or the same.
    virtual std::optional<net::Ipv4Address> of(net::Ipv4Address address) noexcept = 0;

  protected:
    ~OtherSide() = default;
};

// The copy is written to `room`; returns how long it is. Zero where no name is another on the other
// side, the message is not in order, or the room is too small.
size_t copy_with_names(std::span<const uint8_t> message, std::span<uint8_t> room,
                       OtherSide& other) noexcept;

}  // namespace sluice::nat::dns
