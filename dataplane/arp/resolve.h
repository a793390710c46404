// SPDX-License-Identifier: BSD-3-Clause
// The last step on a packet's way: the next hop's MAC address, asked for when it is not known.
//
// A few packets a neighbour wait for the answer, the newest kept, under a hard total, so that
// waiting packets can never starve the pool (RFC 1122 2.3.2.2). At most one request an interval
// and neighbour is sent by all workers together (2.3.2.1).
#pragma once
#include <array>
#include <cstdint>

#include "dataplane/arp/neighbour_table.h"
#include "dataplane/context.h"

namespace sluice::arp {

// Sends the packet to a neighbour on the interface, at once or when its MAC is known.
// Expects:  a whole Ethernet header in front, its type set; the packet fits the MTU.
// Drops:    interface_down, neighbour_failed, neighbour_table_full, neighbour_queue_full.
Verdict send_to(Context& c, Packet packet, const Arrival& arrival, InterfaceId interface,
                net::Ipv4Address neighbour) noexcept;

// The same for a neighbour of either IP.
Verdict send_to(Context& c, Packet packet, const Arrival& arrival, InterfaceId interface,
                const Neighbour& neighbour) noexcept;

// Asks for a neighbour that has an entry, unless that was done a moment ago.
void ask_again(Context& c, InterfaceId interface, net::Ipv4Address neighbour) noexcept;

// Writes both MAC addresses and hands the frame to the transmitter.
void transmit(Context& c, Packet packet, InterfaceId interface, net::MacAddress to) noexcept;

// The packets of one worker that wait for a neighbour, and the neighbours it has asked about.
class Waiting {
  public:
    static constexpr unsigned max_neighbours = 128;
    static constexpr unsigned packets_each = 8;  // a datagram of six fragments among them
    static constexpr unsigned max_packets = 512;

    // Keeps the packet; those that had to go for it are dropped. False: no room at all.
    bool hold(Context& c, uint32_t place, uint64_t key, Packet packet,
              const Arrival& arrival) noexcept;
    // Sees to it that an answer is waited for, with no packet held.
    bool watch(uint32_t place, uint64_t key) noexcept { return find_or_add(place, key) != nullptr; }
    // Now and then: sends what can go, asks again, gives up.
    void tick(Context& c) noexcept;
    // Gives all packets back to the pool.
    void clear(PacketPool& pool) noexcept;
    bool empty() const noexcept { return count_ == 0; }

    // RFC 5227 2.4 (b): an address is defended once in ten seconds, or two routers that both
    // believe in it would flood the link.
    bool may_defend(uint32_t now_ms) noexcept {
        if (defended_ && now_ms - defended_ms_ < 10'000) return false;
        defended_ = true;
        defended_ms_ = now_ms;
        return true;
    }

  private:
    struct Held {
        Packet packet;
        Arrival arrival;
    };
    struct Awaited {
        uint32_t place = 0;
        uint32_t held = 0;
        uint64_t key = 0;  // who was asked about, should the place change hands
        std::array<Held, packets_each> packets;  // the oldest first
    };
    Awaited* find_or_add(uint32_t place, uint64_t key) noexcept;
    // Of one that holds at least this many packets.
    void make_room(Context& c, unsigned packets) noexcept;
    void drop_oldest(Context& c, Awaited& waiting) noexcept;
    static bool still_means(const Context& c, const Awaited& waiting) noexcept;
    void take_out(unsigned at) noexcept;
    static void release(Context& c, const Awaited& waiting, const Held& held) noexcept;
    bool settle(Context& c, Awaited& waiting) noexcept;

    std::array<Awaited, max_neighbours> neighbours_;
    unsigned count_ = 0;
    unsigned held_ = 0;  // packets, of all neighbours
    unsigned evict_next_ = 0;
    bool defended_ = false;
    uint32_t defended_ms_ = 0;
};

}  // namespace sluice::arp
