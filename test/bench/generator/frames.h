// SPDX-License-Identifier: BSD-3-Clause
// Frames as the generator sends them, and what a good router makes of them.
#pragma once
#include <cstring>
#include <vector>

#include "bench/generator/checker.h"
#include "bench/generator/flows.h"
#include "bench/generator/frame_builder.h"
#include "lib/net/checksum.h"
#include "test/support/frame.h"

namespace sluice::generator {

using test::Bytes;

inline constexpr uint8_t run = 7;

inline FlowGroup group(Treatment treatment, const char* sources = "10.1.0.0/24",
                       const char* destinations = "10.2.0.0/16") {
    return {treatment, *net::parse_prefix(sources), {*net::parse_prefix(destinations)}};
}
inline FlowWish wish(uint32_t count, const char* sources = "10.1.0.0/24",
                     const char* destinations = "10.2.0.0/16") {
    return {count, {group(Treatment::none, sources, destinations)}, Draw::in_route, 1};
}
inline FlowWish wish(uint32_t count, Treatment treatment) {
    return {count, {group(treatment)}, Draw::in_route, 1};
}

inline Macs some_macs() { return {test::mac("02:00:00:00:00:01"), test::mac("02:00:00:00:00:02")}; }

inline Signature signature(FlowNumber flow, uint32_t sequence = 0, uint64_t sent_tsc = 0,
                           Direction d = Direction::right, uint8_t generation = 0) {
    return {run, Signature::kind_of(d, generation), flow, sequence, sent_tsc};
}

inline Bytes built(const Endpoints& endpoints, const Signature& s, uint32_t size = 64,
                   const Tunnels* tunnels = nullptr, uint32_t number = 0) {
    const FrameBuilder builder(size, some_macs(), tunnels);
    Bytes frame(std::max(builder.length(), FrameBuilder::image_length), 0xee);
    builder.write(frame.data(), endpoints, s, number);
    frame.resize(builder.length());
    return frame;
}

inline net::Ipv4Header& ip_of(Bytes& frame, size_t at = ethernet_length) {
    return *reinterpret_cast<net::Ipv4Header*>(frame.data() + at);
}
inline net::UdpHeader& udp_of(Bytes& frame, size_t at = ethernet_length) {
    return *reinterpret_cast<net::UdpHeader*>(frame.data() + at + sizeof(net::Ipv4Header));
}

inline Bytes forwarded(Bytes frame) {
    net::age(ip_of(frame));
    return frame;
}

// As a NAT does it, checksums included.
inline Bytes translated(Bytes frame, const char* source, uint16_t port) {
    net::Ipv4Header& ip = ip_of(frame);
    net::UdpHeader& udp = udp_of(frame);
    const uint64_t before = uint64_t{ip.source.raw()} + udp.source_port.raw();
    ip.source = net::be32(test::ip(source).value);
    udp.source_port = net::be16(port);
    const uint64_t after = uint64_t{ip.source.raw()} + udp.source_port.raw();
    // RFC 1624 equation 3
    const auto old = static_cast<uint16_t>(~udp.checksum.raw());
    udp.checksum =
        net::checksum_of(old + uint64_t{static_cast<uint16_t>(~net::fold(before))} + after);
    net::fill_checksum(ip);
    return forwarded(std::move(frame));
}

}  // namespace sluice::generator
