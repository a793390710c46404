// SPDX-License-Identifier: BSD-3-Clause
#include "bench/generator/checker.h"

#include <algorithm>
#include <cstddef>
#include <numeric>

#include "bench/generator/frame_builder.h"
#include "lib/net/checksum.h"
#include "lib/prefetch.h"

namespace sluice::generator {
namespace {

bool is_icmp_error(const net::Ipv4Header& ip, uint32_t length) noexcept {
    const uint32_t header = ip.header_length();
    return ip.protocol == net::Protocol::icmp && length > header &&
           net::icmp::is_error(reinterpret_cast<const uint8_t*>(&ip)[header]);
}

// RFC 768; 0 says that there is no checksum, and we send none without.
bool udp_checksum_holds(const net::Ipv4Header& ip, const net::UdpHeader& udp,
                        uint16_t udp_length) noexcept {
    const struct { net::Be16 protocol, length; } pseudo{net::be16(ip.protocol), udp.length};
    const uint64_t sum = net::sum_words(&ip.source, 8) + net::sum_words(&pseudo, sizeof pseudo) +
                         net::sum_words(&udp, udp_length);
    return udp.checksum.raw() != 0 && net::fold(sum) == 0xffff;
}

}  // namespace

const char* name_of(Fault fault) noexcept {
    switch (fault) {
        case Fault::ip_checksum: return "ip_checksum";
        case Fault::udp_checksum: return "udp_checksum";
        case Fault::ttl: return "ttl";
        case Fault::addresses: return "addresses";
        case Fault::translation: return "translation";
        case Fault::tunnel: return "tunnel";
        case Fault::duplicated: return "duplicated";
        case Fault::out_of_order: return "out_of_order";
        case Fault::count: break;
    }
    return "?";
}

uint64_t Counts::all_faults() const noexcept {
    return std::accumulate(faults.begin(), faults.end(), uint64_t{0});
}

Checker::Checker(const Expected& expected, const Flows& flows)
    : expected_(expected), flows_(flows), windows_(flows.count()) {}

void Checker::begin(uint8_t run) noexcept {
    run_ = run;
    counts_ = {};
    latency_.clear();
}

void Checker::check(const uint8_t* frame, uint32_t length, uint64_t now_tsc) noexcept {
    const Inner inner = unwrap(frame, length);
    if (inner.packet == nullptr) return;
    if (expected_.replayed) return count_replayed(inner.packet, inner.length, length);
    Packet parsed;
    if (!parse(inner.packet, inner.length, parsed)) return;
    if (!arrives_first_time(parsed.signature)) return;
    ++counts_.packets;
    counts_.bytes += length + frame_check_length;
    const uint64_t sent = parsed.signature.sent_tsc;
    latency_.add(now_tsc > sent ? now_tsc - sent : 0);
    compare_tunnels(parsed.signature.flow, inner.tunnel);
    compare(parsed);
}

Checker::Inner Checker::unwrap(const uint8_t* frame, uint32_t length) noexcept {
    constexpr uint16_t ipv4 = static_cast<uint16_t>(net::EtherType::ipv4);
    const auto* ethernet = reinterpret_cast<const net::EthernetHeader*>(frame);
    if (length < ethernet_length + sizeof(net::Ipv4Header) || ethernet->type.host() != ipv4) {
        ++counts_.foreign;
        return {};
    }
    const uint8_t* packet = frame + ethernet_length;
    length -= ethernet_length;
    const auto& ip = *reinterpret_cast<const net::Ipv4Header*>(packet);
    const bool is_outer =
        expected_.tunnels != nullptr && ip.protocol == expected_.tunnels->first.protocol;
    return is_outer ? take_out(packet, length) : Inner{packet, length, {}};
}

Checker::Inner Checker::take_out(const uint8_t* packet, uint32_t length) noexcept {
    const auto [headers, tunnel] = expected_.tunnels->open(packet, length);
    if (headers > 0) return {packet + headers, length - headers, tunnel};
    note(Fault::tunnel);
    return {};
}

void Checker::count_replayed(const uint8_t* packet, uint32_t length,
                             uint32_t frame_length) noexcept {
    const auto& ip = *reinterpret_cast<const net::Ipv4Header*>(packet);
    const uint32_t header = ip.header_length();
    if (ip.version() != 4 || header < sizeof ip || header > length ||
        ip.total_length.host() > length) {
        ++counts_.foreign;
    } else if (!net::checksum_holds(&ip, header)) {
        note(Fault::ip_checksum);
    } else {
        ++counts_.packets;
        counts_.bytes += frame_length + frame_check_length;
    }
}

// Each check stands on those before it; whose packet it is, only whole ones tell.
bool Checker::parse(const uint8_t* packet, uint32_t length, Packet& parsed) noexcept {
    const auto& ip = *reinterpret_cast<const net::Ipv4Header*>(packet);
    if (length < sizeof ip || ip.version_and_length != 0x45 || ip.total_length.host() > length) {
        ++counts_.foreign;
        return false;
    }
    if (!net::checksum_holds(&ip, sizeof ip)) {
        note(Fault::ip_checksum);
        return false;
    }
    const uint16_t total = ip.total_length.host();
    if (!(ip.protocol == net::Protocol::udp) || total < ip_udp_length + sizeof(Signature)) {
        ++(is_icmp_error(ip, length) ? counts_.icmp_errors : counts_.foreign);
        return false;
    }
    const auto& udp = *reinterpret_cast<const net::UdpHeader*>(packet + sizeof ip);
    std::memcpy(&parsed.signature, packet + ip_udp_length, sizeof(Signature));
    if (!is_ours(parsed.signature)) {
        ++counts_.foreign;
        return false;
    }
    const auto udp_length = static_cast<uint16_t>(total - sizeof ip);
    if (udp.length.host() != udp_length || !udp_checksum_holds(ip, udp, udp_length)) {
        note(Fault::udp_checksum);
        return false;
    }
    parsed.ip = &ip;
    parsed.udp = &udp;
    return true;
}

bool Checker::is_ours(const Signature& signature) const noexcept {
    return signature.run == run_ && signature.direction() == expected_.direction &&
           signature.flow < flows_.count();
}

// A flow that was renewed has packets of its former self on the way: those are counted, but of
// their order nothing is known any more.
bool Checker::arrives_first_time(const Signature& signature) noexcept {
    prefetch(&windows_[std::min<size_t>(signature.flow + flows_ahead, windows_.size() - 1)]);
    SequenceWindow& window = windows_[signature.flow];
    if (signature.generation() != window.generation) {
        if (signature.generation() != flows_.generation(signature.flow)) return true;
        window = SequenceWindow();
        window.generation = signature.generation();
    }
    const Arrival arrival = window.note(signature.sequence);
    if (arrival == Arrival::again) note(Fault::duplicated);
    if (arrival == Arrival::out_of_order) note(Fault::out_of_order);
    return arrival != Arrival::again;
}

void Checker::compare(const Packet& packet) noexcept {
    if (packet.ip->ttl != sent_ttl - expected_.hops) note(Fault::ttl);
    const FlowNumber flow = packet.signature.flow;
    if (packet.signature.generation() != flows_.generation(flow)) return;
    compare_endpoints(flow, {packet.ip->source, packet.ip->destination, packet.udp->source_port,
                             packet.udp->destination_port});
}

void Checker::compare_endpoints(FlowNumber flow, const Endpoints& found) noexcept {
    Endpoints wanted = flows_[flow];
    if (expected_.direction == Direction::left) wanted = wanted.turned();
    if (expected_.translations != nullptr && flows_.treatment(flow) == Treatment::translated) {
        const Translations::External external{found.source, found.source_port};
        if (!expected_.translations->agrees(flow, external)) note(Fault::translation);
        wanted.source = found.source;
        wanted.source_port = found.source_port;
    }
    if (!(found == wanted)) note(Fault::addresses);
}

void Checker::compare_tunnels(FlowNumber flow, std::optional<uint32_t> found) noexcept {
    if (expected_.tunnels == nullptr) return;
    std::optional<uint32_t> wanted;
    if (flows_.treatment(flow) == Treatment::tunnelled) {
        wanted = expected_.tunnels->of(flows_[flow].destination);
    }
    if (found != wanted) note(Fault::tunnel);
}

}  // namespace sluice::generator
