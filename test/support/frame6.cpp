// SPDX-License-Identifier: BSD-3-Clause
#include "test/support/frame6.h"

#include <cstring>
#include <stdexcept>

#include <fmt/format.h>

namespace sluice::test {
namespace {

constexpr size_t ipv6_at = 14, behind_ipv6 = ipv6_at + sizeof(net::Ipv6Header);

template <typename T>
void append_header(Bytes& to, const T& header) {
    const auto* bytes = reinterpret_cast<const uint8_t*>(&header);
    to.insert(to.end(), bytes, bytes + sizeof header);
}

template <typename T>
const T& header_in(const Frame& frame, size_t at) {
    if (at + sizeof(T) > frame.size()) throw std::out_of_range(frame.describe());
    return *reinterpret_cast<const T*>(frame.bytes().data() + at);
}

// Of protocols whose checksum covers the addresses; else 0.
size_t checksum6_at(uint8_t protocol) {
    if (protocol == net::Protocol::tcp) return 16;
    if (protocol == net::Protocol::udp) return 6;
    return protocol == net::Protocol::icmp6 ? 2 : 0;
}

uint64_t sum6(const net::Ipv6Header& ip, const Bytes& behind, uint8_t protocol) {
    return net::pseudo_sum(ip, static_cast<uint32_t>(behind.size()),
                           static_cast<net::Protocol>(protocol)) +
           net::sum_words(behind.data(), behind.size());
}

}  // namespace

net::Ipv6Address ip6(std::string_view text) {
    const auto address = net::parse_address6(text);
    if (!address) throw std::invalid_argument(fmt::format("no IPv6 address: {}", text));
    return *address;
}

Ipv6Builder ipv6() { return {}; }

Ipv6Builder::Ipv6Builder() : from_mac_(mac("02:00:00:00:00:99")) {
    ip_.version_class_flow = net::be32(6u << 28);
    ip_.hop_limit = 64;
    from("2001:db8:1::9").to("2001:db8:9::5").payload(26);
}
Ipv6Builder& Ipv6Builder::from(std::string_view a) {
    ip_.source = net::Ipv6Field::of(ip6(a));
    return *this;
}
Ipv6Builder& Ipv6Builder::to(std::string_view a) {
    ip_.destination = net::Ipv6Field::of(ip6(a));
    if (ip6(a).is_multicast()) to_mac_ = net::mac_of_group(ip6(a));
    return *this;
}
Ipv6Builder& Ipv6Builder::from_mac(net::MacAddress m) {
    from_mac_ = m;
    return *this;
}
Ipv6Builder& Ipv6Builder::to_mac(net::MacAddress m) {
    to_mac_ = m;
    return *this;
}
Ipv6Builder& Ipv6Builder::hops(uint8_t hop_limit) {
    ip_.hop_limit = hop_limit;
    return *this;
}
Ipv6Builder& Ipv6Builder::traffic_class(uint8_t value) {
    ip_.set_traffic_class(value);
    return *this;
}
Ipv6Builder& Ipv6Builder::protocol(uint8_t next_header) {
    protocol_ = next_header;
    return *this;
}
Ipv6Builder& Ipv6Builder::extension(uint8_t kind, Bytes header) {
    extensions_.emplace_back(kind, std::move(header));
    return *this;
}
Ipv6Builder& Ipv6Builder::payload(size_t size) {
    payload_.resize(size);
    for (size_t i = 0; i < size; ++i) payload_[i] = static_cast<uint8_t>(i);
    return *this;
}
Ipv6Builder& Ipv6Builder::payload(Bytes bytes) {
    payload_ = std::move(bytes);
    return *this;
}
Ipv6Builder& Ipv6Builder::udp(uint16_t source, uint16_t destination) {
    protocol_ = static_cast<uint8_t>(net::Protocol::udp);
    transport_.clear();
    append_header(transport_, net::UdpHeader{net::be16(source), net::be16(destination),
                                             net::be16(0), net::be16(0)});
    return *this;
}
Ipv6Builder& Ipv6Builder::tcp_syn(uint16_t mss) {
    protocol_ = static_cast<uint8_t>(net::Protocol::tcp);
    transport_.assign(24, 0);
    transport_[12] = 0x60;
    transport_[13] = 0x02;
    transport_[20] = 2;
    transport_[21] = 4;
    transport_[22] = static_cast<uint8_t>(mss >> 8);
    transport_[23] = static_cast<uint8_t>(mss);
    return *this;
}
Ipv6Builder& Ipv6Builder::echo_request() { return icmp6(net::icmp6::echo_request, 0, 0x0001'0001); }
Ipv6Builder& Ipv6Builder::icmp6(uint8_t type, uint8_t code, uint32_t rest) {
    protocol_ = static_cast<uint8_t>(net::Protocol::icmp6);
    transport_.clear();
    append_header(transport_, net::IcmpHeader{type, code, net::be16(0),
                                              net::be16(static_cast<uint16_t>(rest >> 16)),
                                              net::be16(static_cast<uint16_t>(rest))});
    return *this;
}
Ipv6Builder& Ipv6Builder::wrong_checksum() {
    checksum_is_wrong_ = true;
    return *this;
}
Ipv6Builder& Ipv6Builder::padding(size_t size) {
    padding_ = size;
    return *this;
}
Ipv6Builder& Ipv6Builder::payload_length(uint16_t wrong) {
    payload_length_ = wrong;
    return *this;
}
Ipv6Builder& Ipv6Builder::version(uint8_t wrong) {
    ip_.version_class_flow = net::be32(static_cast<uint32_t>(wrong) << 28);
    return *this;
}

void Ipv6Builder::fill_transport(Bytes& behind) const {
    const size_t at = transport_.empty() ? 0 : checksum6_at(protocol_);
    if (at == 0) return;
    if (protocol_ == net::Protocol::udp) {
        const net::Be16 length = net::be16(static_cast<uint16_t>(behind.size()));
        std::memcpy(behind.data() + 4, static_cast<const void*>(&length), 2);
    }
    const net::Be16 sum = net::checksum_of(sum6(ip_, behind, protocol_));
    std::memcpy(behind.data() + at, static_cast<const void*>(&sum), 2);
    if (checksum_is_wrong_) behind[at] ^= 0x5a;
}

Bytes Ipv6Builder::build() const {
    Bytes behind = transport_;
    behind.insert(behind.end(), payload_.begin(), payload_.end());
    fill_transport(behind);
    uint8_t next = protocol_;
    for (auto e = extensions_.rbegin(); e != extensions_.rend(); ++e) {
        Bytes header = e->second;
        header[0] = next;
        next = e->first;
        behind.insert(behind.begin(), header.begin(), header.end());
    }
    net::Ipv6Header ip = ip_;
    ip.next_header = next;
    ip.payload_length = net::be16(payload_length_.value_or(static_cast<uint16_t>(behind.size())));
    Bytes frame;
    append_header(frame, net::EthernetHeader{to_mac_, from_mac_, net::be16(0x86dd)});
    append_header(frame, ip);
    frame.insert(frame.end(), behind.begin(), behind.end());
    frame.resize(frame.size() + padding_, 0xee);
    return frame;
}

bool is_ipv6(const Frame& frame) { return frame.ethernet().type.host() == 0x86dd; }
const net::Ipv6Header& ipv6_of(const Frame& frame) {
    return header_in<net::Ipv6Header>(frame, ipv6_at);
}
const net::IcmpHeader& icmp6_of(const Frame& frame) {
    return header_in<net::IcmpHeader>(frame, behind_ipv6);
}
bool is_icmp6(const Frame& frame, uint8_t type, uint8_t code) {
    return is_ipv6(frame) && ipv6_of(frame).next_header == net::Protocol::icmp6 &&
           icmp6_of(frame).type == type && icmp6_of(frame).code == code;
}

Bytes payload_of(const Frame& frame) {
    const size_t end = ipv6_at + ipv6_of(frame).total_length();
    if (end > frame.size()) throw std::out_of_range(frame.describe());
    return Bytes(frame.bytes().begin() + behind_ipv6,
                 frame.bytes().begin() + static_cast<long>(end));
}

bool checksum6_holds(const Frame& frame) {
    const net::Ipv6Header& ip = ipv6_of(frame);
    if (checksum6_at(ip.next_header) == 0) return true;
    return net::fold(sum6(ip, payload_of(frame), ip.next_header)) == 0xffff;
}

}  // namespace sluice::test
