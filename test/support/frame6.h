// SPDX-License-Identifier: BSD-3-Clause
// IPv6 frames as tests write and read them, beside those of IPv4 (frame.h):
//
//   ipv6().from("2001:db8:1::9").to("2001:db8:9::5").hops(1).udp(1000, 53).payload(100)
//
// Checksums and lengths are right unless a test sets them.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "lib/net/wire6.h"
#include "test/support/frame.h"

namespace sluice::test {

net::Ipv6Address ip6(std::string_view text);

class Ipv6Builder {
  public:
    Ipv6Builder();
    Ipv6Builder& from(std::string_view address);
    Ipv6Builder& to(std::string_view address);
    Ipv6Builder& from_mac(net::MacAddress mac);
    Ipv6Builder& to_mac(net::MacAddress mac);
    Ipv6Builder& hops(uint8_t hop_limit);
    Ipv6Builder& traffic_class(uint8_t value);
    Ipv6Builder& protocol(uint8_t next_header);
    // In front of all that follows: a whole header, whose first byte will name what is behind it.
    Ipv6Builder& extension(uint8_t kind, Bytes header);
    Ipv6Builder& payload(size_t size);  // counting bytes
    Ipv6Builder& payload(Bytes bytes);
    Ipv6Builder& udp(uint16_t source, uint16_t destination);
    Ipv6Builder& tcp_syn(uint16_t mss);
    Ipv6Builder& echo_request();
    // `rest`: the four bytes behind the checksum.
    Ipv6Builder& icmp6(uint8_t type, uint8_t code, uint32_t rest = 0);
    Ipv6Builder& wrong_checksum();
    Ipv6Builder& padding(size_t size);
    Ipv6Builder& payload_length(uint16_t wrong);
    Ipv6Builder& version(uint8_t wrong);
    Bytes build() const;
    operator Bytes() const { return build(); }

  private:
    void fill_transport(Bytes& behind) const;
    net::MacAddress from_mac_, to_mac_;
    net::Ipv6Header ip_{};
    uint8_t protocol_ = 253;  // for experiments (RFC 3692)
    std::vector<std::pair<uint8_t, Bytes>> extensions_;
    Bytes transport_, payload_;
    size_t padding_ = 0;
    std::optional<uint16_t> payload_length_;
    bool checksum_is_wrong_ = false;
};
Ipv6Builder ipv6();

// What came out. Throw where the bytes are not there.
bool is_ipv6(const Frame& frame);
const net::Ipv6Header& ipv6_of(const Frame& frame);
const net::IcmpHeader& icmp6_of(const Frame& frame);
bool is_icmp6(const Frame& frame, uint8_t type, uint8_t code = 0);
// The bytes behind the IPv6 header.
Bytes payload_of(const Frame& frame);
// Of ICMPv6, TCP and UDP.
bool checksum6_holds(const Frame& frame);

}  // namespace sluice::test
