// SPDX-License-Identifier: BSD-3-Clause
// Whether the packets of a flow come in order and once, as far back as 64 of them.
#pragma once
#include <cstdint>

namespace sluice::generator {

enum class Arrival { in_order, out_of_order, again };

// A window behind the highest number, as that of IPsec's replay protection (RFC 4303 3.4.3).
// Numbers are compared as RFC 1982 has it, so that they may wrap.
class SequenceWindow {
  public:
    Arrival note(uint32_t sequence) noexcept {
        const auto ahead = static_cast<int32_t>(sequence - highest_);
        if (seen_ == 0 || ahead > 0) return advance(sequence, ahead);
        const auto behind = static_cast<uint32_t>(-static_cast<int64_t>(ahead));
        if (behind >= 64) return Arrival::out_of_order;
        const uint64_t bit = uint64_t{1} << behind;
        if ((seen_ & bit) != 0) return Arrival::again;
        seen_ |= bit;
        return Arrival::out_of_order;
    }

  private:
    Arrival advance(uint32_t sequence, int32_t ahead) noexcept {
        seen_ = seen_ != 0 && ahead < 64 ? seen_ << ahead | 1 : 1;
        highest_ = sequence;
        return Arrival::in_order;
    }
    uint64_t seen_ = 0;  // bit n: highest_ - n; 0: nothing yet
    uint32_t highest_ = 0;

  public:
    uint8_t generation = 0;  // whose numbers these are: the caller's
};
static_assert(sizeof(SequenceWindow) == 16);

}  // namespace sluice::generator
