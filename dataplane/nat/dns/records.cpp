// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/nat/dns/records.h"

namespace sluice::nat::dns {
namespace {

constexpr uint16_t type_a = 1, class_in = 1;
constexpr uint8_t is_response = 0x80;
constexpr uint8_t pointer = 0xc0;

}  // namespace

Records::Records(std::span<uint8_t> message) noexcept : message_(message) {
    if (message.size() < header || (message[2] & is_response) == 0) return;
    for (unsigned questions = word(4); questions > 0; --questions) {
        if (!skip_name() || !skip(behind_question)) return;
    }
    left_ = uint32_t{word(6)} + word(8) + word(10);
}

bool Records::skip(size_t bytes) noexcept {
    if (bytes > message_.size() - at_) return false;
    at_ += bytes;
    return true;
}

// A pointer ends a name (RFC 1035 4.1.4); where it leads does not matter here.
bool Records::skip_name() noexcept {
    while (at_ < message_.size()) {
        const uint8_t length = message_[at_];
        if ((length & pointer) == pointer) return skip(2);
        if ((length & pointer) != 0 || !skip(length + size_t{1})) return false;
        if (length == 0) return true;
    }
    return false;
}

bool Records::next_address() noexcept {
    while (left_ > 0) {
        --left_;
        if (!skip_name() || !skip(behind_name)) break;
        const uint16_t type = word(at_ - 10), its_class = word(at_ - 8), length = word(at_ - 2);
        data_ = message_.data() + at_;
        if (!skip(length)) break;
        if (type == type_a && its_class == class_in && length == sizeof(net::Be32)) return true;
    }
    left_ = 0;
    return false;
}

}  // namespace sluice::nat::dns
