// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/ipv4/options.h"

#include <chrono>
#include <optional>

#include "dataplane/ipv4/own.h"
#include "dataplane/ipv4/route.h"
#include "lib/net/checksum.h"

namespace sluice::ipv4 {
namespace {

// Layout of the options that hold a list: type, length, pointer (from 1, to the next free byte).
constexpr unsigned pointer_at = 2;
constexpr unsigned overflow_at = 3;  // timestamp: overflow count and flag
constexpr uint8_t timestamps_only = 0, with_addresses = 1, prespecified = 3;

bool has_list(uint8_t type) noexcept {
    return type == Option::record_route || type == Option::timestamp ||
           type == Option::loose_source_route || type == Option::strict_source_route;
}

unsigned first_slot(uint8_t type) noexcept { return type == Option::timestamp ? 5 : 4; }

unsigned slot_size(const Option& o) noexcept {
    const bool is_short =
        o.type() != Option::timestamp || (o.bytes[overflow_at] & 0x0f) == timestamps_only;
    return is_short ? 4 : 8;
}

// Offset of the byte at fault within the option, or nothing when it is well-formed.
std::optional<unsigned> fault_in(const Option& o) noexcept {
    if (!has_list(o.type())) return std::nullopt;
    if (o.length < first_slot(o.type()) - 1) return 1;
    const unsigned pointer = o.bytes[pointer_at];
    if (pointer < first_slot(o.type())) return pointer_at;
    // RFC 791: some room, but not for a whole entry, is an error in the packet; no room is not,
    // unless nobody can count any more how many found none.
    if (pointer <= o.length) {
        if (pointer - 1 + slot_size(o) > o.length) return pointer_at;
    } else if (o.type() == Option::timestamp && o.bytes[overflow_at] >= 0xf0) {
        return overflow_at;
    }
    return std::nullopt;
}

void put_address(uint8_t* at, net::Ipv4Address address) noexcept {
    const net::Be32 wire = net::be32(address.value);
    std::memcpy(at, &wire, sizeof wire);
}

net::Ipv4Address address_at(const uint8_t* at) noexcept {
    net::Be32 wire;
    std::memcpy(&wire, at, sizeof wire);
    return {wire.host()};
}

// Whether the next slot lies inside of the option; the pointer counts from 1.
bool has_room(const Option& o, unsigned bytes) noexcept {
    return o.bytes[pointer_at] - 1u + bytes <= o.length;
}

void record(const Option& o, net::Ipv4Address own) noexcept {
    if (!has_room(o, 4)) return;
    put_address(o.bytes + o.bytes[pointer_at] - 1, own);
    o.bytes[pointer_at] = static_cast<uint8_t>(o.bytes[pointer_at] + 4);
}

// Milliseconds since midnight UT (RFC 791).
net::Be32 timestamp_now() noexcept {
    using namespace std::chrono;
    const auto now = duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
    return net::be32(static_cast<uint32_t>(now % 86'400'000));
}

bool is_ours(const Context& c, net::Ipv4Address a) noexcept {
    return c.plan->adjacencies[fib::find(*c.routes, a.value)].kind == NextHopKind::local;
}

void stamp(const Context& c, const Option& o, net::Ipv4Address own) noexcept {
    const uint8_t flag = o.bytes[overflow_at] & 0x0f;
    const unsigned slot = slot_size(o);
    if (!has_room(o, slot)) {
        if (o.bytes[overflow_at] < 0xf0) o.bytes[overflow_at] = o.bytes[overflow_at] + 0x10;
        return;
    }
    uint8_t* at = o.bytes + o.bytes[pointer_at] - 1;
    if (flag == prespecified && !is_ours(c, address_at(at))) return;
    if (flag == with_addresses) put_address(at, own);
    const net::Be32 now = timestamp_now();
    std::memcpy(at + slot - 4, &now, sizeof now);
    o.bytes[pointer_at] = static_cast<uint8_t>(o.bytes[pointer_at] + slot);
}

bool is_on_a_network_of_ours(const Context& c, net::Ipv4Address a) noexcept {
    const NextHopKind kind = c.plan->adjacencies[fib::find(*c.routes, a.value)].kind;
    return kind == NextHopKind::connected || kind == NextHopKind::local;
}

// RFC 791: who is the destination swaps it for the next stop; the slot is filled on the way out.
Verdict follow(Context& c, net::Ipv4Header& ip, const Option& o) noexcept {
    const bool at_a_stop = is_ours(c, ip.destination_address());
    if (at_a_stop && !has_room(o, 4)) return passed();  // the last one: it is for us
    uint8_t* slot = o.bytes + o.bytes[pointer_at] - 1;
    const net::Ipv4Address next = at_a_stop ? address_at(slot) : ip.destination_address();
    if (o.type() == Option::strict_source_route && !is_on_a_network_of_ours(c, next)) {
        return drop(DropReason::source_route_failed);
    }
    if (!at_a_stop) return passed();
    ip.destination = net::be32(next.value);
    put_address(slot, net::Ipv4Address{});  // filled on the way out
    o.bytes[pointer_at] = static_cast<uint8_t>(o.bytes[pointer_at] + 4);
    net::fill_checksum(ip);
    return passed();
}

}  // namespace

void OptionList::Iterator::load() noexcept {
    length_ = 0;
    if (at_ >= end_ || *at_ == Option::end_of_list) return;
    if (*at_ == Option::no_operation) {
        length_ = 1;
    } else if (end_ - at_ >= 2 && at_[1] >= 2 && at_[1] <= end_ - at_) {
        length_ = at_[1];
    }
}

Verdict check_options(Context& c, Packet packet, const Arrival& arrival) noexcept {
    net::Ipv4Header& ip = packet.ipv4();
    auto* start = reinterpret_cast<uint8_t*>(&ip);
    uint8_t* const end = start + ip.header_length();
    uint8_t* reached = start + sizeof ip;
    const Option* source_route = nullptr;
    Option found{};
    for (const Option& o : options_of(ip)) {
        if (const auto fault = fault_in(o)) {
            return drop(DropReason::option_malformed,
                        static_cast<uint32_t>(o.bytes - start) + *fault);
        }
        if (o.is_source_route()) {
            // RFC 1812 5.2.4.1: a second one is an error.
            if (source_route != nullptr) {
                return drop(DropReason::option_malformed, static_cast<uint32_t>(o.bytes - start));
            }
            found = o;
            source_route = &found;
        }
        reached = o.bytes + o.length;
    }
    if (reached < end && *reached != Option::end_of_list) {
        return drop(DropReason::option_malformed, static_cast<uint32_t>(reached - start));
    }
    if (source_route == nullptr) return passed();
    if (!c.interface(arrival.interface).source_routing) {
        return drop(DropReason::source_route_refused);
    }
    return follow(c, ip, *source_route);
}

void fill_options(Context& c, Packet packet, InterfaceId out) noexcept {
    net::Ipv4Header& ip = packet.ipv4();
    const auto own = own_source(c, out, ip.destination_address());
    if (!own) return;
    for (const Option& o : options_of(ip)) {
        if (o.type() == Option::record_route) record(o, *own);
        if (o.type() == Option::timestamp) stamp(c, o, *own);
        if (o.is_source_route() && o.bytes[pointer_at] >= 8) {
            // The slot that follow() emptied is the one before the pointer.
            uint8_t* slot = o.bytes + o.bytes[pointer_at] - 5;
            if (slot + 4 <= o.bytes + o.length && address_at(slot).is_unspecified()) {
                put_address(slot, *own);
            }
        }
    }
    net::fill_checksum(ip);
}

}  // namespace sluice::ipv4
