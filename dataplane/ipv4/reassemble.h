// SPDX-License-Identifier: BSD-3-Clause
// Puts fragments together that are for the router itself (RFC 791 3.2, RFC 1122 3.3.2), with hard
// limits on everything that a sender could make it keep.
//
// A fragment that overlaps another ends the whole packet: nobody sends that in good faith
// (RFC 3128; RFC 5722 says so for IPv6).
#pragma once
#include <array>
#include <cstdint>

#include "dataplane/context.h"

namespace sluice::ipv4 {

class Reassembler {
  public:
    static constexpr unsigned max_packets = 32;
    static constexpr unsigned max_fragments = 128;  // of one packet: 64 KiB at an MTU of 576
    static constexpr unsigned max_fragments_total = 512;
    static constexpr uint64_t timeout_ns = 30'000'000'000;

    // Takes a fragment. Once it makes its packet whole, `whole` is that packet, in one chain, and
    // the verdict is passed; else finished. A packet of which a fragment can not be right is
    // forgotten, and so is the oldest where there is no room for another. Drops:
    // fragment_malformed, reassembly_full.
    Verdict add(Context& c, Packet fragment, const Arrival& arrival, Packet& whole) noexcept;
    // Now and then: gives up on packets whose rest never came (reassembly_timeout; the source is
    // told if the first fragment was there).
    void tick(Context& c) noexcept;
    void clear(PacketPool& pool) noexcept;
    bool empty() const noexcept { return fragments_ == 0; }

  private:
    struct Fragment {
        Packet packet;
        uint32_t offset = 0;
        uint32_t length = 0;  // of its payload
    };
    struct Partial {
        uint64_t addresses = 0;
        uint32_t id_and_protocol = 0;
        unsigned count = 0;  // 0: this place is free
        uint32_t received = 0;
        uint32_t total = 0;  // payload of the whole; 0 until the last fragment came
        uint64_t since_ns = 0;
        Arrival arrival;
        std::array<Fragment, max_fragments> fragments;  // by offset
    };
    Partial* find(const net::Ipv4Header& ip) noexcept;
    Partial& begin(Context& c, const net::Ipv4Header& ip, const Arrival& arrival) noexcept;
    void forget_oldest(Context& c, const Partial* but) noexcept;
    bool insert(Partial& p, const Fragment& f) noexcept;
    static bool may_become_whole(const Partial& p) noexcept;
    Packet join(Partial& p) noexcept;
    void forget(Context& c, Partial& p, DropReason why) noexcept;

    std::array<Partial, max_packets> partials_;
    unsigned fragments_ = 0;
};

}  // namespace sluice::ipv4
