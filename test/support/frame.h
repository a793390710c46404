// SPDX-License-Identifier: BSD-3-Clause
// Frames as tests write and read them:
//
//   ipv4().from("10.0.0.9").to("192.0.2.1").ttl(1).udp(1000, 53).payload(100)
//
// Checksums and lengths are right unless a test sets them. A Frame is plain bytes.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lib/net/wire.h"

namespace sluice::test {

using Bytes = std::vector<uint8_t>;

net::Ipv4Address ip(std::string_view text);
net::MacAddress mac(std::string_view text);

// What came out, taken apart. Accessors fail the test where the bytes are not there.
class Frame {
  public:
    explicit Frame(Bytes bytes) : bytes_(std::move(bytes)) {}
    const Bytes& bytes() const { return bytes_; }
    size_t size() const { return bytes_.size(); }
    const net::EthernetHeader& ethernet() const { return at<net::EthernetHeader>(0); }
    bool is_arp() const { return ethernet().type.host() == 0x0806; }
    bool is_ipv4() const { return ethernet().type.host() == 0x0800; }
    const net::ArpPacket& arp() const { return at<net::ArpPacket>(14); }
    const net::Ipv4Header& ipv4() const { return at<net::Ipv4Header>(14); }
    bool is_icmp(uint8_t type, uint8_t code) const;
    const net::IcmpHeader& icmp() const { return at<net::IcmpHeader>(14 + ipv4().header_length()); }
    // The bytes behind the IP header; for an ICMP error, the packet it quotes.
    Bytes ip_payload() const;
    Bytes quoted() const;
    bool checksums_hold() const;
    // One line for messages of failed tests.
    std::string describe() const;

  private:
    template <typename T>
    const T& at(size_t offset) const {
        require(offset + sizeof(T));
        return *reinterpret_cast<const T*>(bytes_.data() + offset);
    }
    void require(size_t size) const;
    Bytes bytes_;
};

class Ipv4Builder {
  public:
    Ipv4Builder();
    Ipv4Builder& from(std::string_view address);
    Ipv4Builder& to(std::string_view address);
    Ipv4Builder& from_mac(net::MacAddress mac);
    Ipv4Builder& to_mac(net::MacAddress mac);
    Ipv4Builder& ttl(uint8_t ttl);
    Ipv4Builder& tos(uint8_t tos);
    Ipv4Builder& id(uint16_t id);
    Ipv4Builder& protocol(uint8_t protocol);
    Ipv4Builder& dont_fragment();
    // In bytes, a multiple of 8.
    Ipv4Builder& fragment(unsigned offset, bool more);
    Ipv4Builder& options(Bytes options);  // padded to whole words
    Ipv4Builder& payload(size_t size);    // counting bytes
    Ipv4Builder& payload(Bytes bytes);
    // Headers in front of the payload, ports in host order.
    Ipv4Builder& udp(uint16_t source, uint16_t destination);
    Ipv4Builder& tcp(uint16_t source, uint16_t destination, uint8_t flags = 0x10);
    // Of TCP, behind tcp(); the options are padded to whole words.
    Ipv4Builder& numbers(uint32_t sequence, uint32_t acknowledgement, Bytes options = {});
    Ipv4Builder& no_transport_checksum();
    Ipv4Builder& echo_request(uint16_t id = 1, uint16_t sequence = 1);
    Ipv4Builder& icmp(uint8_t type, uint8_t code);
    // Bytes behind the packet that do not belong to it, as Ethernet padding does.
    Ipv4Builder& padding(size_t size);
    Ipv4Builder& total_length(uint16_t wrong);
    Ipv4Builder& checksum(uint16_t wrong);
    Ipv4Builder& version_and_length(uint8_t wrong);
    Bytes build() const;
    operator Bytes() const { return build(); }

  private:
    void fill_transport(Bytes& behind) const;
    net::MacAddress from_mac_, to_mac_;
    bool to_mac_set_ = false;
    net::Ipv4Header ip_{};
    Bytes options_, transport_, payload_;
    size_t padding_ = 0;
    int total_length_ = -1, checksum_ = -1, version_and_length_ = -1;
    bool transport_is_icmp_ = false;
    bool transport_checksum_ = true;
    friend class TestRouter;
};
Ipv4Builder ipv4();

struct Arp {
    uint16_t operation = net::arp_request;
    net::MacAddress sender_mac;
    std::string sender;
    net::MacAddress target_mac{};
    std::string target;
    net::MacAddress to = net::broadcast_mac;
    Bytes build() const;
    operator Bytes() const { return build(); }
};

}  // namespace sluice::test
