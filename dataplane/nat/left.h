// SPDX-License-Identifier: BSD-3-Clause
// Flows of which a packet of this burst has gone the plain way. All after it go there too, or they
// would overtake it. By a bit of a hash: those of other flows that go with them come to no harm.
#pragma once
#include "dataplane/nat/burst.h"

namespace sluice::nat {

class Left {
  public:
    // `bytes`: how long the frame is.
    void add(const uint8_t* frame, uint32_t bytes) noexcept {
        if (bytes >= transport_at + sizeof(uint32_t)) flows_ |= bit(frame);
    }
    // Of a frame that has ports.
    bool has(const uint8_t* frame) const noexcept {
        return flows_ != 0 && (flows_ & bit(frame)) != 0;
    }

  private:
    static uint64_t bit(const uint8_t* frame) noexcept {
        const auto ports = fast_path::load<uint32_t>(frame + transport_at);
        return uint64_t{1} << (ports * 0x9e3779b1u >> 26);
    }
    uint64_t flows_ = 0;
};

}  // namespace sluice::nat
