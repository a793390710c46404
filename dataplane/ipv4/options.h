// SPDX-License-Identifier: BSD-3-Clause
// IP options (RFC 791 3.1, RFC 1812 4.2.2.1 and 5.2.4): record route and timestamp are honoured,
// source routes followed where the interface allows it, unknown ones passed on.
#pragma once
#include <cstdint>
#include <iterator>

#include "dataplane/context.h"

namespace sluice::ipv4 {

struct Option {
    static constexpr uint8_t end_of_list = 0;
    static constexpr uint8_t no_operation = 1;
    static constexpr uint8_t record_route = 7;
    static constexpr uint8_t timestamp = 68;
    static constexpr uint8_t loose_source_route = 131;
    static constexpr uint8_t strict_source_route = 137;

    uint8_t* bytes;
    uint8_t length;  // of the whole option
    uint8_t type() const noexcept { return bytes[0]; }
    bool copied() const noexcept { return (bytes[0] & 0x80) != 0; }
    bool is_source_route() const noexcept {
        return type() == loose_source_route || type() == strict_source_route;
    }
};

// The options of a whole header, in order, up to the first that is malformed.
class OptionList {
  public:
    explicit OptionList(const net::Ipv4Header& ip) noexcept
        : at_(reinterpret_cast<uint8_t*>(const_cast<net::Ipv4Header*>(&ip)) + sizeof ip),
          end_(at_ + (ip.header_length() - sizeof ip)) {}

    class Iterator {
      public:
        Iterator(uint8_t* at, uint8_t* end) noexcept : at_(at), end_(end) { load(); }
        Option operator*() const noexcept { return {at_, length_}; }
        Iterator& operator++() noexcept {
            at_ += length_;
            load();
            return *this;
        }
        bool operator==(std::default_sentinel_t) const noexcept { return length_ == 0; }

      private:
        void load() noexcept;
        uint8_t* at_;
        uint8_t* end_;
        uint8_t length_ = 0;  // 0 at the end
    };
    Iterator begin() const noexcept { return {at_, end_}; }
    std::default_sentinel_t end() const noexcept { return {}; }

  private:
    uint8_t* at_;
    uint8_t* end_;
};
inline OptionList options_of(const net::Ipv4Header& ip) noexcept { return OptionList(ip); }

// Before the route is looked up: every option well-formed, source routes refused or followed. A
// packet that has reached one of its source route's stops gets the next stop for destination.
// Expects:  the whole header in the first segment.
// Drops:    option_malformed (detail: offset of the byte at fault), source_route_refused,
//           source_route_failed.
Verdict check_options(Context& c, Packet packet, const Arrival& arrival) noexcept;

// On the way out by an interface: its address goes into record route, timestamp and source
// route. Keeps the header checksum true.
void fill_options(Context& c, Packet packet, InterfaceId out) noexcept;

}  // namespace sluice::ipv4
