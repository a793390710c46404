// SPDX-License-Identifier: BSD-3-Clause
// Builds frames of one size: all that never differs lies ready, the sums for the checksums too.
#pragma once
#include <array>
#include <cstdint>

#include "bench/generator/flow.h"
#include "bench/generator/tunnel.h"

namespace sluice::generator {

struct Macs {
    net::MacAddress from;
    net::MacAddress to;
};

inline constexpr uint8_t sent_ttl = 64;

class FrameBuilder {
  public:
    // `size` with the frame check sequence; in a tunnel it is the size without its headers.
    FrameBuilder(uint32_t size, const Macs& macs, const Tunnels* tunnels = nullptr);

    uint32_t length() const noexcept { return length_; }
    // `frame` has room for length() bytes, and for image_length; `tunnel` is the number of one.
    void write(uint8_t* frame, const Endpoints& endpoints, const Signature& signature,
               uint32_t tunnel = 0) const noexcept;

    static constexpr uint32_t image_length = 128;

  private:
    void write_outer_source(uint8_t* frame, uint32_t tunnel) const noexcept;

    std::array<uint8_t, image_length> image_{};
    uint32_t length_;
    uint32_t ip_at_;          // the inner packet's, which is the only one where there is no tunnel
    uint32_t first_own_ = 0;  // our end of the first tunnel
    uint32_t outer_sum_ = 0;  // of the outer header, but for its source and checksum
    uint32_t ip_sum_ = 0;     // of the header, but for addresses and checksum
    uint32_t udp_sum_ = 0;    // of pseudo and UDP header, but for addresses, ports and checksum
};

}  // namespace sluice::generator
