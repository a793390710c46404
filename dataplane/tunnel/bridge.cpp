// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/tunnel/bridge.h"

#include "dataplane/ipv4/route.h"
#include "dataplane/tunnel/send.h"

namespace sluice::tunnel {
namespace {

using layout::TunnelDontFragment;

constexpr uint8_t usual_ttl = 64;
constexpr uint32_t vlan_tag = 4;
constexpr uint32_t most_tags = 2;
constexpr uint32_t largest_outer = 0xffff;

// What stands in a frame, behind at most two VLAN tags (802.1Q, 802.1ad).
struct Look {
    uint32_t tags = 0;              // bytes of them
    net::Ipv4Header* ip = nullptr;  // where all of its fixed part is there
};

Look look_into(const Packet& frame) noexcept {
    constexpr uint32_t type_at = offsetof(net::EthernetHeader, type);
    Look look;
    const auto type = [&] {
        const auto* word = frame.header_at<net::Be16>(type_at + look.tags);
        return static_cast<net::EtherType>(word == nullptr ? 0 : word->host());
    };
    while (look.tags < most_tags * vlan_tag &&
           (type() == net::EtherType::vlan || type() == net::EtherType::qinq)) {
        look.tags += vlan_tag;
    }
    if (type() != net::EtherType::ipv4) return look;
    auto* ip = frame.header_at<net::Ipv4Header>(ethernet_header + look.tags);
    if (ip != nullptr && ip->version() == 4) look.ip = ip;
    return look;
}

Inherited inherited_by_frame(const Look& look, const layout::Tunnel& wish) noexcept {
    // Not its time to live: what is sent with 1, for this network alone, is to get across.
    const uint8_t ttl = wish.ttl != 0 ? wish.ttl : usual_ttl;
    if (look.ip != nullptr) {
        Inherited inherited = inherited_from(*look.ip, wish);
        inherited.ttl = ttl;
        return inherited;
    }
    const auto tos =
        wish.dscp == layout::Tunnel::inner_dscp ? uint8_t{0} : static_cast<uint8_t>(wish.dscp << 2);
    return {tos, ttl, wish.dont_fragment == TunnelDontFragment::set};
}

// An MTU that was asked for holds in any case; that of the way only where the outer packet must
// not be fragmented.
bool frame_fits(const Context& c, const Tunnel& t, const Packet& frame,
                bool dont_fragment) noexcept {
    const uint32_t payload = frame.length() - ethernet_header;
    if (frame.length() + t.overhead > largest_outer) return false;
    if (t.wish.mtu != 0 && payload > t.wish.mtu) return false;
    return !dont_fragment || payload <= c.interface(t.interface).mtu;
}

uint32_t flow_of_frame(const Packet& frame, const Look& look) noexcept {
    if (look.ip != nullptr) {
        return ipv4::flow_hash(*look.ip, frame.contiguous() - ethernet_header - look.tags);
    }
    const net::EthernetHeader& ethernet = frame.ethernet();
    constexpr uint64_t spread = 0x9e3779b97f4a7c15;
    const uint64_t both = ethernet.destination.as_bits() ^ ethernet.source.as_bits() << 16;
    return static_cast<uint32_t>(both * spread >> 32);
}

void count_frame_in(Context& c, const Tunnel& t, const Packet& frame) noexcept {
    auto& counters = c.counters.interfaces[t.interface];
    counters.rx_packets.add(1);
    counters.rx_bytes.add(frame.length());
}

}  // namespace

Verdict bridge_in(Context& c, Packet frame, InterfaceId port) noexcept {
    const Tunnel& t = c.plan->tunnels->at(c.interface(port).bridged_with);
    if (frame.contiguous() < ethernet_header) return drop(DropReason::frame_too_short);
    const Look look = look_into(frame);
    const Inherited inherited = inherited_by_frame(look, t.wish);
    if (!frame_fits(c, t, frame, inherited.dont_fragment)) return drop(DropReason::bridge_too_big);
    if (frame.headroom() < ethernet_header + t.overhead) return drop(DropReason::no_buffer);

    const uint32_t hash = flow_of_frame(frame, look);
    frame.push(ethernet_header);
    const Verdict v =
        send_load(c, frame, t, {net::EtherType::transparent_bridging, inherited, hash});
    if (v.is_drop()) frame.pull(ethernet_header);
    return v;
}

Verdict bridge_out(Context& c, Packet frame, const Tunnel& t, Ecn outer) noexcept {
    const InterfaceId by = c.interface(t.interface).bridged_with;
    const PlanInterface& port = c.interface(by);
    count_frame_in(c, t, frame);
    if (frame.contiguous() < ethernet_header) return drop(DropReason::frame_too_short);
    if (!port.up) return drop(DropReason::interface_down);
    const Look look = look_into(frame);
    if (frame.length() > ethernet_header + look.tags + port.mtu) {
        return drop(DropReason::bridge_too_big, port.mtu);
    }
    if (look.ip != nullptr && !merge_ecn(*look.ip, outer)) return drop(DropReason::tunnel_ecn);
    c.transmitter.send(by, frame);
    return note(c, layout::Step::bridge, finished(), by);
}

}  // namespace sluice::tunnel
