// SPDX-License-Identifier: BSD-3-Clause
#include "test/support/frame.h"

#include <cstring>
#include <stdexcept>

#include <fmt/format.h>

#include "lib/net/checksum.h"

namespace sluice::test {
namespace {

template <typename T>
void append(Bytes& to, const T& header) {
    const auto* bytes = reinterpret_cast<const uint8_t*>(&header);
    to.insert(to.end(), bytes, bytes + sizeof header);
}

void append(Bytes& to, const Bytes& from) { to.insert(to.end(), from.begin(), from.end()); }

}  // namespace

net::Ipv4Address ip(std::string_view text) {
    const auto address = net::parse_address(text);
    if (!address) throw std::invalid_argument(fmt::format("no address: {}", text));
    return *address;
}

net::MacAddress mac(std::string_view text) {
    const auto address = net::parse_mac(text);
    if (!address) throw std::invalid_argument(fmt::format("no MAC address: {}", text));
    return *address;
}

void Frame::require(size_t size) const {
    if (size > bytes_.size()) {
        throw std::out_of_range(fmt::format("the frame has {} bytes, not {}", bytes_.size(), size));
    }
}

bool Frame::is_icmp(uint8_t type, uint8_t code) const {
    return is_ipv4() && ipv4().protocol == net::Protocol::icmp && icmp().type == type &&
           icmp().code == code;
}

Bytes Frame::ip_payload() const {
    const size_t start = 14 + ipv4().header_length(), end = 14u + ipv4().total_length.host();
    require(end);
    return Bytes(bytes_.begin() + static_cast<long>(start),
                 bytes_.begin() + static_cast<long>(end));
}

Bytes Frame::quoted() const {
    const Bytes payload = ip_payload();
    return Bytes(payload.begin() + sizeof(net::IcmpHeader), payload.end());
}

namespace {

// Of protocols whose checksum covers the addresses; else 0.
size_t transport_checksum_at(uint8_t protocol) {
    if (protocol == net::Protocol::tcp) return 16;
    return protocol == net::Protocol::udp ? 6 : 0;
}

uint64_t pseudo_sum(const net::Ipv4Header& ip, size_t length) {
    return net::sum_words(&ip.source, 8) + net::be16(ip.protocol).raw() +
           net::be16(static_cast<uint16_t>(length)).raw();
}

}  // namespace

bool Frame::checksums_hold() const {
    const Bytes payload = ip_payload();
    if (!net::checksum_holds(&ipv4(), ipv4().header_length())) return false;
    if (ipv4().is_fragment()) return true;
    const bool icmp = ipv4().protocol == net::Protocol::icmp;
    if (icmp) return net::checksum_holds(payload.data(), payload.size());
    const size_t at = transport_checksum_at(ipv4().protocol);
    if (at == 0 || payload.size() < at + 2) return true;
    const bool none = ipv4().protocol == net::Protocol::udp && payload[6] == 0 && payload[7] == 0;
    return none || net::fold(pseudo_sum(ipv4(), payload.size()) +
                             net::sum_words(payload.data(), payload.size())) == 0xffff;
}

std::string Frame::describe() const {
    if (is_arp()) {
        return fmt::format("ARP {} {} is-at {} asks {}", arp().operation.host(),
                           net::to_string(net::Ipv4Address{arp().sender_ip.host()}),
                           net::to_string(arp().sender_mac),
                           net::to_string(net::Ipv4Address{arp().target_ip.host()}));
    }
    if (!is_ipv4()) return fmt::format("type {:04x}", ethernet().type.host());
    std::string what = fmt::format("IPv4 {} > {} protocol {} ttl {} length {}",
                                   net::to_string(ipv4().source_address()),
                                   net::to_string(ipv4().destination_address()), ipv4().protocol,
                                   ipv4().ttl, ipv4().total_length.host());
    if (ipv4().protocol == net::Protocol::icmp) {
        what += fmt::format(" ICMP {}/{}", icmp().type, icmp().code);
    }
    return what;
}

Ipv4Builder ipv4() { return {}; }

Ipv4Builder::Ipv4Builder() : from_mac_(mac("02:00:00:00:00:99")) {
    ip_.version_and_length = 0x45;
    ip_.ttl = 64;
    ip_.protocol = 253;  // for experiments (RFC 3692)
    ip_.identification = net::be16(0x1234);
    ip_.source = net::be32(ip("10.0.0.9").value);
    ip_.destination = net::be32(ip("192.0.2.1").value);
    payload_.assign(26, 0);
}
Ipv4Builder& Ipv4Builder::from(std::string_view a) {
    ip_.source = net::be32(ip(a).value);
    return *this;
}
Ipv4Builder& Ipv4Builder::to(std::string_view a) {
    ip_.destination = net::be32(ip(a).value);
    return *this;
}
Ipv4Builder& Ipv4Builder::from_mac(net::MacAddress m) {
    from_mac_ = m;
    return *this;
}
Ipv4Builder& Ipv4Builder::to_mac(net::MacAddress m) {
    to_mac_ = m;
    to_mac_set_ = true;
    return *this;
}
Ipv4Builder& Ipv4Builder::ttl(uint8_t ttl) {
    ip_.ttl = ttl;
    return *this;
}
Ipv4Builder& Ipv4Builder::tos(uint8_t tos) {
    ip_.tos = tos;
    return *this;
}
Ipv4Builder& Ipv4Builder::id(uint16_t id) {
    ip_.identification = net::be16(id);
    return *this;
}
Ipv4Builder& Ipv4Builder::protocol(uint8_t protocol) {
    ip_.protocol = protocol;
    return *this;
}
Ipv4Builder& Ipv4Builder::dont_fragment() {
    ip_.flags_and_offset =
        net::be16(static_cast<uint16_t>(ip_.flags_and_offset.host() | net::ipv4_dont_fragment));
    return *this;
}
Ipv4Builder& Ipv4Builder::fragment(unsigned offset, bool more) {
    const unsigned flags = (ip_.flags_and_offset.host() & net::ipv4_dont_fragment) |
                           (more ? net::ipv4_more_fragments : 0) | offset / 8;
    ip_.flags_and_offset = net::be16(static_cast<uint16_t>(flags));
    return *this;
}
Ipv4Builder& Ipv4Builder::options(Bytes options) {
    options_ = std::move(options);
    options_.resize((options_.size() + 3) / 4 * 4);
    return *this;
}
Ipv4Builder& Ipv4Builder::payload(size_t size) {
    payload_.resize(size);
    for (size_t i = 0; i < size; ++i) payload_[i] = static_cast<uint8_t>(i);
    return *this;
}
Ipv4Builder& Ipv4Builder::payload(Bytes bytes) {
    payload_ = std::move(bytes);
    return *this;
}
Ipv4Builder& Ipv4Builder::udp(uint16_t source, uint16_t destination) {
    ip_.protocol = static_cast<uint8_t>(net::Protocol::udp);
    transport_.clear();
    append(transport_,
           net::UdpHeader{net::be16(source), net::be16(destination), net::be16(0), net::be16(0)});
    return *this;
}
Ipv4Builder& Ipv4Builder::tcp(uint16_t source, uint16_t destination, uint8_t flags) {
    ip_.protocol = static_cast<uint8_t>(net::Protocol::tcp);
    transport_.assign(20, 0);
    transport_[0] = static_cast<uint8_t>(source >> 8);
    transport_[1] = static_cast<uint8_t>(source);
    transport_[2] = static_cast<uint8_t>(destination >> 8);
    transport_[3] = static_cast<uint8_t>(destination);
    transport_[12] = 0x50;
    transport_[13] = flags;
    return *this;
}
Ipv4Builder& Ipv4Builder::numbers(uint32_t sequence, uint32_t acknowledgement, Bytes options) {
    const net::Be32 both[] = {net::be32(sequence), net::be32(acknowledgement)};
    std::memcpy(transport_.data() + 4, static_cast<const void*>(both), sizeof both);
    options.resize((options.size() + 3) / 4 * 4);
    transport_[12] = static_cast<uint8_t>((20 + options.size()) / 4 << 4);
    transport_.insert(transport_.end(), options.begin(), options.end());
    return *this;
}
Ipv4Builder& Ipv4Builder::icmp(uint8_t type, uint8_t code) {
    ip_.protocol = static_cast<uint8_t>(net::Protocol::icmp);
    transport_.clear();
    append(transport_, net::IcmpHeader{type, code, net::be16(0), net::be16(0), net::be16(0)});
    transport_is_icmp_ = true;
    return *this;
}
Ipv4Builder& Ipv4Builder::echo_request(uint16_t id, uint16_t sequence) {
    icmp(net::icmp::echo_request, 0);
    auto& header = *reinterpret_cast<net::IcmpHeader*>(transport_.data());
    header.word1 = net::be16(id);
    header.word2 = net::be16(sequence);
    return *this;
}
Ipv4Builder& Ipv4Builder::padding(size_t size) {
    padding_ = size;
    return *this;
}
Ipv4Builder& Ipv4Builder::total_length(uint16_t wrong) {
    total_length_ = wrong;
    return *this;
}
Ipv4Builder& Ipv4Builder::checksum(uint16_t wrong) {
    checksum_ = wrong;
    return *this;
}
Ipv4Builder& Ipv4Builder::version_and_length(uint8_t wrong) {
    version_and_length_ = wrong;
    return *this;
}

Ipv4Builder& Ipv4Builder::no_transport_checksum() {
    transport_checksum_ = false;
    return *this;
}

// The length of UDP, and a checksum that covers the addresses; not of fragments, whose rest is
// not at hand.
void Ipv4Builder::fill_transport(Bytes& behind) const {
    const size_t at = transport_.empty() ? 0 : transport_checksum_at(ip_.protocol);
    if (at == 0) return;
    if (ip_.protocol == net::Protocol::udp) {
        const net::Be16 length = net::be16(static_cast<uint16_t>(behind.size()));
        std::memcpy(behind.data() + 4, static_cast<const void*>(&length), 2);
    }
    if (!transport_checksum_ || ip_.is_fragment()) return;
    net::Be16 sum = net::checksum_of(pseudo_sum(ip_, behind.size()) +
                                     net::sum_words(behind.data(), behind.size()));
    if (ip_.protocol == net::Protocol::udp && sum.raw() == 0) sum = net::Be16::from_raw(0xffff);
    std::memcpy(behind.data() + at, static_cast<const void*>(&sum), 2);
}

Bytes Ipv4Builder::build() const {
    Bytes behind = transport_;
    append(behind, payload_);
    if (transport_is_icmp_) {
        const net::Be16 sum = net::checksum_of(net::sum_words(behind.data(), behind.size()));
        std::memcpy(behind.data() + 2, static_cast<const void*>(&sum), 2);
    }
    fill_transport(behind);
    net::Ipv4Header ip = ip_;
    const size_t header = sizeof ip + options_.size();
    ip.version_and_length = static_cast<uint8_t>(0x40 | header / 4);
    ip.total_length = net::be16(static_cast<uint16_t>(header + behind.size()));
    if (total_length_ >= 0) ip.total_length = net::be16(static_cast<uint16_t>(total_length_));
    if (version_and_length_ >= 0) ip.version_and_length = static_cast<uint8_t>(version_and_length_);
    ip.checksum = net::be16(0);
    ip.checksum = net::checksum_of(net::sum_words(&ip, sizeof ip) +
                                   net::sum_words(options_.data(), options_.size()));
    if (checksum_ >= 0) ip.checksum = net::be16(static_cast<uint16_t>(checksum_));

    Bytes frame;
    append(frame, net::EthernetHeader{to_mac_, from_mac_, net::be16(0x0800)});
    append(frame, ip);
    append(frame, options_);
    append(frame, behind);
    frame.resize(frame.size() + padding_, 0xee);
    return frame;
}

Bytes Arp::build() const {
    Bytes frame;
    append(frame, net::EthernetHeader{to, sender_mac, net::be16(0x0806)});
    append(frame,
           net::ArpPacket{net::be16(1), net::be16(0x0800), 6, 4, net::be16(operation), sender_mac,
                          net::be32(ip(sender).value), target_mac, net::be32(ip(target).value)});
    frame.resize(net::min_frame);
    return frame;
}

}  // namespace sluice::test
