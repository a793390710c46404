// SPDX-License-Identifier: BSD-3-Clause
// What the fuzz targets of the pipeline share: their input, taken piece by piece, and what must be
// true of every frame that a router sends.
#pragma once
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "lib/net/checksum.h"
#include "test/support/test_router.h"

namespace sluice::test {

inline void promise(bool kept, const char* what) {
    if (kept) return;
    std::fprintf(stderr, "broken promise: %s\n", what);
    std::abort();
}

class Input {
  public:
    Input(const uint8_t* data, size_t size) noexcept : data_(data), size_(size) {}
    bool empty() const noexcept { return size_ == 0; }
    uint8_t byte() noexcept {
        if (size_ == 0) return 0;
        --size_;
        return *data_++;
    }
    uint16_t word() noexcept {
        const uint8_t high = byte();
        return static_cast<uint16_t>(high << 8 | byte());
    }
    Bytes bytes(size_t count) {
        count = std::min(count, size_);
        Bytes result(data_, data_ + count);
        data_ += count;
        size_ -= count;
        return result;
    }
    template <typename T>
    auto one_of(const T& choices) noexcept {
        return choices[byte() % choices.size()];
    }

  private:
    const uint8_t* data_;
    size_t size_;
};

inline void promise_in_order(const TestRouter& router, const Sent& s) {
    const PlanInterface& out = router.plan().interfaces[router.id_of(s.interface)];
    promise(s.frame.ethernet().source == out.mac, "frames come from the interface's MAC");
    if (s.frame.is_arp()) {
        promise(s.frame.size() == net::min_frame, "ARP frames have the least length");
        return;
    }
    promise(s.frame.is_ipv4(), "only ARP and IPv4 are sent");
    const net::Ipv4Header& ip = s.frame.ipv4();
    promise(
        ip.version() == 4 && ip.header_length() >= 20 && 14 + ip.header_length() <= s.frame.size(),
        "headers are whole");
    promise(net::checksum_holds(&ip, ip.header_length()), "checksums are true");
    promise(s.frame.size() == 14u + ip.total_length.host(), "lengths are true");
    promise(ip.total_length.host() <= out.mtu, "packets fit the MTU");
    promise(ip.ttl > 0, "nothing leaves that has run out of time");
}

}  // namespace sluice::test
