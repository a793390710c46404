// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/tunnel/spread.h"

#include <optional>
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

// Of GRE in UDP the source port says the flow: a queue's share does not depend on how many tunnels
// there are.
constexpr size_t all_flows = SIZE_MAX;

unsigned worker_of(uint32_t flow_hash, unsigned workers) noexcept {
    return static_cast<unsigned>(uint64_t{flow_hash} * workers >> 32);
}

// The header is IPv4's, whole, and of no fragment.
bool is_whole_ipv4(const Packet& packet, const net::Ipv4Header* ip) noexcept {
    constexpr net::Be16 ipv4 = net::be16(static_cast<uint16_t>(net::EtherType::ipv4));
    return ip != nullptr && packet.ethernet().type == ipv4 && ip->version() == 4 &&
           ip->header_length() >= sizeof *ip && !ip->is_fragment();
}

// Moves `at` behind UDP's header, if some tunnel is to its port.
bool pass_udp(const Packet& packet, const Tunnels& tunnels, Ends& ends, uint32_t& at) noexcept {
    const auto* udp = packet.header_at<net::UdpHeader>(at);
    if (udp == nullptr || !tunnels.listens_on(udp->destination_port.host())) return false;
    ends = ends.with_udp(udp->destination_port.host());
    at += udp_header;
    return true;
}

// Moves `at` behind GRE's header, if it carries IPv4.
bool pass_gre(const Packet& packet, Ends& ends, uint32_t& at) noexcept {
    gre::Fields fields;
    if (!gre::read(packet, at, packet.contiguous(), fields)) return false;
    if (fields.protocol != static_cast<uint16_t>(net::EtherType::ipv4)) return false;
    if (fields.has(gre::has_key)) ends = ends.with_key(fields.key);
    at += fields.length;
    return true;
}

}  // namespace

HandedOver handed_over(const Plan& plan, InterfaceId in, unsigned workers) noexcept {
    constexpr auto automatic = layout::TunnelSpread::automatic;
    const PlanInterface& by = plan.interfaces[in];
    if (plan.tunnels == nullptr || by.is_bridged()) return {};
    const SpreadWishes& wishes = plan.tunnels->spread_wishes();
    HandedOver given;
    given.automatic = wishes.automatic &&
                      hands_over(automatic, by.address_queues, workers, plan.tunnels->all().size());
    given.automatic_in_udp =
        wishes.automatic_in_udp && hands_over(automatic, by.port_queues, workers, all_flows);
    given.any = wishes.on || given.automatic || given.automatic_in_udp;
    return given;
}

bool look_inside(const Packet& packet, const Tunnels& tunnels, Outside& outside) noexcept {
    const auto* ip = packet.header_at<net::Ipv4Header>(ethernet_header);
    if (!is_whole_ipv4(packet, ip)) return false;
    const bool is_ipip = ip->protocol == net::Protocol::ipip;
    outside.ends = Ends::of(is_ipip ? TunnelKind::ipip : TunnelKind::gre, ip->destination.host(),
                            ip->source.host());
    uint32_t at = ethernet_header + ip->header_length();
    if (ip->protocol == net::Protocol::udp) {
        if (!pass_udp(packet, tunnels, outside.ends, at)) return false;
    } else if (!is_ipip && ip->protocol != net::Protocol::gre) {
        return false;
    }
    if (!is_ipip && !pass_gre(packet, outside.ends, at)) return false;
    const auto hash = flow_hash_at(packet, at);
    outside.flow_hash = hash.value_or(0);
    return hash.has_value();
}

unsigned Spreader::worker_for(const Tunnels& tunnels, const HandedOver& given,
                              const Packet& packet) const noexcept {
    Outside outside;
    if (!look_inside(packet, tunnels, outside)) return self_;
    const Tunnel* t = tunnels.find(outside.ends);
    if (t == nullptr || !given.has(*t)) return self_;
    return worker_of(outside.flow_hash, exchange_.workers());
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
    const HandedOver given = handed_over(*c.plan, in, exchange_.workers());
    if (!given.any) return count;
    StageClock clock(c);
    unsigned kept = 0;
    uint64_t bytes = 0;  // of those that are given
    uint32_t used = 0;   // bit per worker
    for (unsigned i = 0; i < count; ++i) {
        rte_mbuf& m = *packets[i];
        const unsigned worker = worker_for(*c.plan->tunnels, given, Packet(&m));
        if (worker == self_) {
            packets[kept++] = &m;
            continue;
        }
        m.port = in;
        bytes += m.pkt_len;
        Batch& batch = batches_[worker];
        batch.packets[batch.count++] = &m;
        used |= 1u << worker;
    }
    put_all(c, used);
    auto& counters = c.counters.interfaces[in];
    counters.rx_packets.add(count - kept);
    counters.rx_bytes.add(bytes);
    clock.lap(layout::Stage::handover, count - kept);
    return kept;
}

void Spreader::put_all(Context& c, uint32_t workers) noexcept {
    for (; workers != 0; workers &= workers - 1) {
        const auto worker = static_cast<unsigned>(__builtin_ctz(workers));
        Batch& batch = batches_[worker];
        put(c, worker, batch.packets.data(), std::exchange(batch.count, 0));
    }
}

bool Spreader::give_whole(Context& c, InterfaceId in, Packet packet) noexcept {
    const HandedOver given = handed_over(*c.plan, in, exchange_.workers());
    if (!given.any) return false;
    const unsigned worker = worker_for(*c.plan->tunnels, given, packet);
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
