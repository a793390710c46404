// SPDX-License-Identifier: BSD-3-Clause
// Walks over the records of a DNS message (RFC 1035 4.1) and shows those of type A.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "lib/net/byte_order.h"

namespace sluice::nat::dns {

class Records {
  public:
    explicit Records(std::span<uint8_t> message) noexcept;

    // The next one of type A and class IN. False behind the last, or where the rest is not in
    // order.
    bool next_address() noexcept;
    // Of that one, where they lie.
    uint8_t* ttl() const noexcept { return data_ - 6; }
    uint8_t* address() const noexcept { return data_; }

  private:
    static constexpr size_t header = 12, behind_question = 4, behind_name = 10;

    uint16_t word(size_t at) const noexcept {
        return static_cast<uint16_t>(message_[at] << 8 | message_[at + 1]);
    }
    bool skip_name() noexcept;
    bool skip(size_t bytes) noexcept;

    std::span<uint8_t> message_;
    size_t at_ = header;
    uint32_t left_ = 0;  // records
    uint8_t* data_ = nullptr;
};

}  // namespace sluice::nat::dns
