// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/tunnel/spread.h"

#include <utility>

#include "dataplane/ipv4/route.h"
#include "dataplane/stage_clock.h"
#include "dataplane/tunnel/gre.h"
#include "dataplane/tunnel/udp.h"

namespace sluice::tunnel {
namespace {

using layout::TunnelKind;

// The flow of the IPv4 packet that begins here; none where its header is not whole.
std::optional<uint32_t> flow_hash_at(const Packet& packet, uint32_t at) noexcept {
    const auto* ip = packet.header_at<net::Ipv4Header>(at);
    if (ip == nullptr || ip->version() != 4) return std::nullopt;
    return ipv4::flow_hash(*ip, packet.contiguous() - at);
}

// How long GRE's header is, of IPv4 inside; the key, where it has one, is added to the ends.
std::optional<uint32_t> gre_length(const Packet& packet, uint32_t at, Ends& ends) noexcept {
    const auto* header = packet.header_at<net::GreHeader>(at);
    if (header == nullptr) return std::nullopt;
    const uint16_t flags = header->flags.host();
    const bool carries_ipv4 =
        header->protocol.host() == static_cast<uint16_t>(net::EtherType::ipv4);
    if ((flags & gre::refused) != 0 || !carries_ipv4) return std::nullopt;
    uint32_t length = sizeof *header;
    if ((flags & gre::has_checksum) != 0) length += sizeof(net::Be32);
    if ((flags & gre::has_key) != 0) {
        const auto* key = packet.header_at<net::Be32>(at + length);
        if (key == nullptr) return std::nullopt;
        ends = ends.with_key(key->host());
        length += sizeof *key;
    }
    if ((flags & gre::has_sequence) != 0) length += sizeof(net::Be32);
    return length;
}

// Of GRE in UDP the source port says the flow: a queue's share does not depend on how many tunnels
// there are.
constexpr size_t all_flows = SIZE_MAX;

unsigned worker_of(uint32_t flow_hash, unsigned workers) noexcept {
    return static_cast<unsigned>(uint64_t{flow_hash} * workers >> 32);
}

}  // namespace

std::optional<Outside> look_inside(const Packet& packet, bool in_udp) noexcept {
    const auto* ip = packet.header_at<net::Ipv4Header>(ethernet_header);
    constexpr net::Be16 ipv4 = net::be16(static_cast<uint16_t>(net::EtherType::ipv4));
    if (ip == nullptr || packet.ethernet().type != ipv4) return std::nullopt;
    const bool is_ipip = ip->protocol == net::Protocol::ipip;
    const bool is_udp = ip->protocol == net::Protocol::udp && in_udp;
    if (!is_ipip && !is_udp && ip->protocol != net::Protocol::gre) return std::nullopt;
    if (ip->version() != 4 || ip->header_length() < sizeof *ip || ip->is_fragment()) {
        return std::nullopt;
    }
    Outside outside;
    outside.ends = Ends::of(is_ipip ? TunnelKind::ipip : TunnelKind::gre, ip->destination.host(),
                            ip->source.host());
    uint32_t at = ethernet_header + ip->header_length();
    if (is_udp) {
        const auto* udp = packet.header_at<net::UdpHeader>(at);
        if (udp == nullptr) return std::nullopt;
        outside.ends = outside.ends.with_udp(udp->destination_port.host());
        at += udp_header;
    }
    if (!is_ipip) {
        const auto length = gre_length(packet, at, outside.ends);
        if (!length) return std::nullopt;
        at += *length;
    }
    const auto hash = flow_hash_at(packet, at);
    if (!hash) return std::nullopt;
    outside.flow_hash = *hash;
    return outside;
}

unsigned Spreader::worker_for(const Context& c, InterfaceId in,
                              const Packet& packet) const noexcept {
    const Tunnels& tunnels = *c.plan->tunnels;
    const auto outside = look_inside(packet, tunnels.some_in_udp());
    if (!outside) return self_;
    const Tunnel* t = tunnels.find(outside->ends);
    const unsigned workers = exchange_.workers();
    if (t == nullptr) return self_;
    const PlanInterface& by = c.interface(in);
    const bool given =
        t->in_udp ? hands_over(t->wish.spread, by.port_queues, workers, all_flows)
                  : hands_over(t->wish.spread, by.address_queues, workers, tunnels.all().size());
    if (!given) return self_;
    return worker_of(outside->flow_hash, workers);
}

void Spreader::put(Context& c, unsigned worker, rte_mbuf* const* packets, unsigned count) noexcept {
    const unsigned given = exchange_.ring(self_, worker).give(packets, count);
    exchange_.bell(worker).ring();
    if (given == count) [[likely]]
        return;
    c.counters.drops[static_cast<unsigned>(DropReason::handover_full)].add(count - given);
    for (unsigned i = given; i < count; ++i) c.pool.free(Packet(packets[i]));
}

unsigned Spreader::give(Context& c, InterfaceId in, rte_mbuf** packets, unsigned count) noexcept {
    if (c.plan->tunnels == nullptr || c.interface(in).is_bridged()) return count;
    StageClock clock(c);
    auto& counters = c.counters.interfaces[in];
    unsigned kept = 0;
    uint32_t used = 0;  // bit per worker
    for (unsigned i = 0; i < count; ++i) {
        rte_mbuf& m = *packets[i];
        const unsigned worker = worker_for(c, in, Packet(&m));
        if (worker == self_) {
            packets[kept++] = &m;
            continue;
        }
        m.port = in;
        counters.rx_bytes.add(m.pkt_len);
        Batch& batch = batches_[worker];
        batch.packets[batch.count++] = &m;
        used |= 1u << worker;
    }
    counters.rx_packets.add(count - kept);
    for (; used != 0; used &= used - 1) {
        const auto worker = static_cast<unsigned>(__builtin_ctz(used));
        Batch& batch = batches_[worker];
        put(c, worker, batch.packets.data(), std::exchange(batch.count, 0));
    }
    clock.lap(layout::Stage::handover, count - kept);
    return kept;
}

bool Spreader::give_whole(Context& c, InterfaceId in, Packet packet) noexcept {
    if (c.plan->tunnels == nullptr) return false;
    const unsigned worker = worker_for(c, in, packet);
    if (worker == self_) return false;
    rte_mbuf* m = packet.buffer();
    m->port = in;
    put(c, worker, &m, 1);
    return true;
}

unsigned Spreader::take(unsigned from, rte_mbuf** packets) noexcept {
    return exchange_.ring(from, self_).take(packets, burst_size);
}

}  // namespace sluice::tunnel
