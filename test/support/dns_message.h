// SPDX-License-Identifier: BSD-3-Clause
// DNS messages (RFC 1035 4.1) for tests, put together piece by piece.
#pragma once
#include <algorithm>
#include <string>

#include "test/support/frame.h"

namespace sluice::test {

// A message with names, some of them compressed: places are those of the message itself.
class DnsMessage {
  public:
    DnsMessage(uint8_t flags, uint8_t answers, uint8_t authorities)
        : bytes_{1, 2, flags, 0, 0, 1, 0, answers, 0, authorities, 0, 0} {}
    size_t place() const { return bytes_.size(); }

    // Labels, without an end.
    DnsMessage& labels(const std::string& name) {
        for (size_t at = 0; at < name.size();) {
            const size_t dot = std::min(name.find('.', at), name.size());
            bytes_.push_back(static_cast<uint8_t>(dot - at));
            bytes_.insert(bytes_.end(), name.begin() + static_cast<long>(at),
                          name.begin() + static_cast<long>(dot));
            at = dot + 1;
        }
        return *this;
    }
    DnsMessage& name(const std::string& text) { return labels(text).raw({0}); }
    DnsMessage& pointer(size_t to) {
        return raw({static_cast<uint8_t>(0xc0 | to >> 8), static_cast<uint8_t>(to)});
    }
    DnsMessage& raw(const Bytes& more) {
        bytes_.insert(bytes_.end(), more.begin(), more.end());
        return *this;
    }
    // Behind a record's name, in front of its data.
    DnsMessage& record(uint8_t type, size_t length) {
        return raw({0, type, 0, 1, 0, 0, 14, 16, 0, static_cast<uint8_t>(length)});
    }
    operator Bytes() const { return bytes_; }

  private:
    Bytes bytes_;
};

}  // namespace sluice::test
