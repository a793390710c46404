// SPDX-License-Identifier: BSD-3-Clause
#include "bench/generator/frame_builder.h"

#include <cstddef>

#include "lib/net/checksum.h"

namespace sluice::generator {
namespace {

net::Ipv4Header ip_header(uint32_t packet_length) {
    net::Ipv4Header ip{};
    ip.version_and_length = 0x45;
    ip.total_length = net::be16(static_cast<uint16_t>(packet_length));
    ip.flags_and_offset = net::be16(net::ipv4_dont_fragment);
    ip.ttl = sent_ttl;
    ip.protocol = static_cast<uint8_t>(net::Protocol::udp);
    return ip;
}

// RFC 768; the length counts twice, in the pseudo header and in the UDP header.
uint32_t sum_for_udp(uint16_t udp_length) {
    const struct {
        net::Be16 protocol, length, length_again;
    } words{net::be16(static_cast<uint16_t>(net::Protocol::udp)), net::be16(udp_length),
            net::be16(udp_length)};
    return net::fold(net::sum_words(&words, sizeof words));
}

}  // namespace

FrameBuilder::FrameBuilder(uint32_t size, const Macs& macs, const Tunnels* tunnels) {
    const uint32_t packet_length = size - frame_check_length - ethernet_length;
    const auto udp_length = static_cast<uint16_t>(packet_length - sizeof(net::Ipv4Header));
    uint8_t* at = image_.data();
    const auto put = [&at](const void* bytes, size_t length) {
        std::memcpy(at, bytes, length);
        at += length;
    };
    const net::EthernetHeader ethernet{macs.to, macs.from,
                                       net::be16(static_cast<uint16_t>(net::EtherType::ipv4))};
    put(&ethernet, sizeof ethernet);
    if (tunnels != nullptr) {
        std::vector<uint8_t> outer = tunnels->first.headers(packet_length);
        first_own_ = tunnels->first.own.value;
        auto& ip = *reinterpret_cast<net::Ipv4Header*>(outer.data());
        ip.source = net::be32(0);
        ip.checksum = net::Be16();
        outer_sum_ = net::fold(net::sum_words(&ip, sizeof ip));
        put(outer.data(), outer.size());
    }
    ip_at_ = static_cast<uint32_t>(at - image_.data());
    length_ = ip_at_ + packet_length;
    const net::Ipv4Header ip = ip_header(packet_length);
    put(&ip, sizeof ip);
    const net::UdpHeader udp{net::be16(0), net::be16(0), net::be16(udp_length), net::be16(0)};
    put(&udp, sizeof udp);
    ip_sum_ = net::fold(net::sum_words(&ip, sizeof ip));
    udp_sum_ = sum_for_udp(udp_length);
}

void FrameBuilder::write_outer_source(uint8_t* frame, uint32_t tunnel) const noexcept {
    const net::Be32 source = net::be32(first_own_ + tunnel);
    const net::Be16 checksum = net::checksum_of(outer_sum_ + source.raw());
    uint8_t* ip = frame + ethernet_length;
    std::memcpy(ip + offsetof(net::Ipv4Header, source), &source, sizeof source);
    std::memcpy(ip + offsetof(net::Ipv4Header, checksum), &checksum, sizeof checksum);
}

void FrameBuilder::write(uint8_t* frame, const Endpoints& endpoints, const Signature& signature,
                         uint32_t tunnel) const noexcept {
    if (length_ <= 64) {  // the rest of the image would be one more cache line
        std::memcpy(frame, image_.data(), 64);
    } else {
        std::memcpy(frame, image_.data(), image_length);
    }
    if (length_ > image_length) std::memset(frame + image_length, 0, length_ - image_length);
    if (ip_at_ != ethernet_length) write_outer_source(frame, tunnel);
    uint8_t* ip = frame + ip_at_;
    uint8_t* udp = ip + sizeof(net::Ipv4Header);
    std::memcpy(ip + offsetof(net::Ipv4Header, source), &endpoints, sizeof endpoints);
    std::memcpy(udp + sizeof(net::UdpHeader), &signature, sizeof signature);

    const uint64_t addresses = uint64_t{endpoints.source.raw()} + endpoints.destination.raw();
    const net::Be16 ip_checksum = net::checksum_of(ip_sum_ + addresses);
    std::memcpy(ip + offsetof(net::Ipv4Header, checksum), &ip_checksum, sizeof ip_checksum);

    const uint64_t sum = udp_sum_ + addresses + endpoints.source_port.raw() +
                         endpoints.destination_port.raw() +
                         net::sum_words(&signature, sizeof signature);
    net::Be16 udp_checksum = net::checksum_of(sum);
    if (udp_checksum.raw() == 0) udp_checksum = net::be16(0xffff);  // 0 would mean: none
    std::memcpy(udp + offsetof(net::UdpHeader, checksum), &udp_checksum, sizeof udp_checksum);
}

}  // namespace sluice::generator
