// SPDX-License-Identifier: BSD-3-Clause
// The IPv4 packets of a capture, to be sent again and again.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "bench/generator/frame_builder.h"

namespace sluice::generator {

class Replay {
  public:
    // Of frames of Ethernet or bare IP; all else in the file is passed over, as are packets that
    // were captured in part. Throws std::runtime_error where there is none.
    explicit Replay(const std::string& file);

    size_t count() const noexcept { return begins_.size() - 1; }
    std::span<const uint8_t> packet(size_t n) const noexcept {
        return {bytes_.data() + begins_[n], begins_[n + 1] - begins_[n]};
    }
    uint32_t longest() const noexcept { return longest_; }
    // Packet `n` as a frame; returns its length. There is room for the longest, and for min_frame.
    uint32_t write(uint8_t* frame, size_t n, const Macs& macs) const noexcept;

  private:
    void take(std::span<const uint8_t> packet);
    std::vector<uint8_t> bytes_;  // one packet after the other
    std::vector<size_t> begins_{0};
    uint32_t longest_ = 0;
};

}  // namespace sluice::generator
