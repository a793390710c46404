// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/tunnel/burst.h"

#include "dataplane/tunnel/clamp_mss.h"
#include "dataplane/tunnel/ecn.h"
#include "dataplane/tunnel/udp.h"
#include "lib/net/checksum.h"

namespace sluice::tunnel {
namespace {

using fast_path::Columns;
using fast_path::load;
using fast_path::store;
using layout::TunnelKind;

constexpr uint32_t ip_header = sizeof(net::Ipv4Header);
constexpr uint32_t outer_end = ethernet_header + ip_header;
constexpr unsigned tos_at = 15, fragment_at = 20, protocol_at = 23;
constexpr unsigned tcp_flags_behind_ip = 13;
constexpr uint16_t nowhere = 0;  // a next hop that there is no route by

bool is_fragment(const uint8_t* frame) noexcept {
    return (load<uint16_t>(frame + fragment_at) & net::be16(0x3fff).raw()) != 0;
}

// Of a frame with a header of five words, of which `bytes` are there. True where it can't be seen.
bool may_be_syn(const uint8_t* frame, uint32_t bytes) noexcept {
    if (frame[protocol_at] != net::Protocol::tcp) return false;
    if ((load<uint16_t>(frame + fragment_at) & net::be16(0x1fff).raw()) != 0) return false;
    constexpr uint32_t flags_at = outer_end + tcp_flags_behind_ip;
    return bytes <= flags_at || (frame[flags_at] & tcp_syn) != 0;
}

// GRE of IPv4 with at most a key, this many bytes behind IP's header. As look_outside().
uint32_t look_at_gre(const uint8_t* frame, uint32_t bytes, uint32_t behind, Ends& ends) noexcept {
    constexpr uint32_t gre_header = sizeof(net::GreHeader), key = sizeof(uint32_t);
    const uint32_t at = outer_end + behind;
    if (bytes < at + gre_header + key) return 0;
    const auto gre = load<net::Be32>(frame + at).host();
    if (gre == 0x0000'0800) return ip_header + behind + gre_header;
    if (gre != 0x2000'0800) return 0;
    ends = ends.with_key(load<net::Be32>(frame + at + gre_header).host());
    return ip_header + behind + gre_header + key;
}

// UDP without a checksum, as long as the packet.
bool is_plain_udp(const uint8_t* frame, uint32_t bytes) noexcept {
    if (bytes < outer_end + udp_header) return false;
    const auto udp = load<net::UdpHeader>(frame + outer_end);
    const auto length = load<net::Be16>(frame + fast_path::length_at).host();
    return udp.checksum == net::be16(0) && udp.length.host() + ip_header == length;
}

// How long plain outer headers are, of IP in IP, GRE, or GRE in UDP, and the ends that they name;
// 0 where only the plain way can say.
uint32_t look_outside(const uint8_t* frame, uint32_t bytes, Ends& ends) noexcept {
    const uint32_t local = __builtin_bswap32(load<uint32_t>(frame + fast_path::destination_at));
    const uint32_t remote = __builtin_bswap32(load<uint32_t>(frame + fast_path::source_at));
    if (is_fragment(frame)) return 0;
    if (frame[protocol_at] == net::Protocol::ipip) {
        ends = Ends::of(TunnelKind::ipip, local, remote);
        return ip_header;
    }
    ends = Ends::of(TunnelKind::gre, local, remote);
    if (frame[protocol_at] == net::Protocol::gre) return look_at_gre(frame, bytes, 0, ends);
    if (!is_plain_udp(frame, bytes)) return 0;
    ends = ends.with_udp(load<net::UdpHeader>(frame + outer_end).destination_port.host());
    return look_at_gre(frame, bytes, udp_header, ends);
}

// Whether there may be any row that came in a tunnel. Asks the column alone, so that bursts of
// other packets cost next to nothing.
bool some_may_be_a_tunnels(const Tunnels& tunnels, const Columns& col, unsigned n) noexcept {
    const auto udp = tunnels.some_in_udp() ? net::Protocol::udp : net::Protocol::gre;
    unsigned some = 0;
    for (unsigned i = 0; i < n; ++i) {
        const auto protocol = static_cast<net::Protocol>(col.aged[i] >> 8 & 0xff);
        some |= (protocol == net::Protocol::gre) | (protocol == net::Protocol::ipip) |
                (protocol == udp);
    }
    return some != 0;
}

// Whether a tunnel's packet has this protocol. UDP's is told by its port, which is that of the
// frame where it is there.
bool may_be_a_tunnels(const Tunnels& tunnels, const uint8_t* frame, uint32_t bytes) noexcept {
    const uint8_t protocol = frame[protocol_at];
    if (protocol == net::Protocol::gre || protocol == net::Protocol::ipip) return true;
    return protocol == net::Protocol::udp && tunnels.some_in_udp() &&
           bytes >= outer_end + udp_header &&
           tunnels.listens_on(load<net::UdpHeader>(frame + outer_end).destination_port.host());
}

// Whether packets to an address are for us. Tunnels mostly end at one and the same.
class Locals {
  public:
    explicit Locals(const Context& c) noexcept : c_(c) {}
    bool has(uint32_t address) noexcept {
        if (address != last_) [[unlikely]] {
            last_ = address;
            is_local_ =
                c_.plan->adjacencies[fib::find(*c_.routes, address)].kind == NextHopKind::local;
        }
        return is_local_;
    }

  private:
    const Context& c_;
    uint32_t last_ = 0;  // which is nobody's
    bool is_local_ = false;
};

uint32_t bytes_there(const Columns& col, unsigned i) noexcept {
    return std::min<uint32_t>(col.packet[i]->data_len, ethernet_header + col.total_length[i]);
}

// Whether the inner packet, whose frame begins at `inner`, may need no more than to be taken out,
// as far as can be told without knowing the tunnel.
bool may_just_be_taken_out(const Tunnels& tunnels, const uint8_t* frame, const uint8_t* inner,
                           uint32_t bytes) noexcept {
    return bytes >= outer_end && inner[fast_path::version_at] == 0x45 &&
           !may_be_a_tunnels(tunnels, inner, bytes) && keeps_mark(inner[tos_at], frame[tos_at]);
}

// The rest of it.
bool lets_it_out(const Tunnel& t, const uint8_t* inner, uint32_t bytes) noexcept {
    return t.fast_out && !(t.clamps_mss && may_be_syn(inner, bytes)) &&
           load<net::Be32>(inner + fast_path::destination_at).host() != t.remote_bits;
}

// Padding goes with the outer packet's end: what is inside must not reach into it.
void open(rte_mbuf& m, uint8_t* frame, uint32_t headers, uint32_t length) noexcept {
    if (m.nb_segs == 1) m.data_len = static_cast<uint16_t>(length);
    m.pkt_len = length;
    Packet(&m).pull(headers);
    constexpr uint64_t nobody = 0;
    store(frame + headers, nobody);
    store(frame + headers + 6, nobody);
    store(frame + headers + fast_path::type_at, net::be16(0x0800));
}

// The row's way, where paths are equal that of its flow, which is written down.
Adjacency adjacency_of(const Plan& plan, Columns& col, unsigned row) noexcept {
    const Adjacency a = plan.adjacencies[col.next_hop[row]];
    if (a.kind != NextHopKind::group) [[likely]]
        return a;
    col.next_hop[row] = plan.member(a, fast_path::flow_hash_of(col, row));
    return plan.adjacencies[col.next_hop[row]];
}

// Whether it begins a flow that the NAT may have to know.
bool needs_session(const Context& c, const Columns& col, unsigned row, InterfaceId out) noexcept {
    return c.plan->nat != nullptr && c.nat != nullptr && !col.flow[row].exists() &&
           c.plan->nat->concerns(out);
}

// Whether nothing but headers in front is to be done to a row that goes into a tunnel by `a`.
bool only_needs_headers(const Context& c, const Columns& col, unsigned row, Adjacency a,
                        const Tunnel& t) noexcept {
    const rte_mbuf& m = *col.packet[row];
    const uint32_t source = load<net::Be32>(col.frame[row] + fast_path::source_at).host();
    return t.fast_in && col.total_length[row] <= a.mtu && source != t.remote_bits &&
           m.data_off >= Tunnel::behind_bytes &&
           !(t.clamps_mss && may_be_syn(col.frame[row], m.data_len)) &&
           !needs_session(c, col, row, a.interface);
}

// What differs by packet, as it lies in memory: the low byte is the first.
struct OuterHeader {
    uint64_t first;  // eight bytes
    uint32_t aged;   // ttl, protocol and checksum
};

OuterHeader outer_header(const Tunnel& t, const uint8_t* inner, uint32_t inner_aged, uint32_t total,
                         uint16_t id) noexcept {
    const uint64_t length = net::be16(static_cast<uint16_t>(total)).raw();
    const uint64_t number = net::be16(id).raw();
    const uint64_t first = load<uint64_t>(t.outer()) |
                           (load<uint64_t>(inner + fast_path::version_at) & t.inherited) |
                           length << 16 | number << 32;
    const uint32_t ttl_and_protocol =
        load<uint16_t>(t.outer() + 8) | (inner_aged & t.inherited_ttl);
    const auto checksum = static_cast<uint16_t>(
        ~net::fold((first & 0xffffffff) + (first >> 32) + ttl_and_protocol + t.sum_of_addresses));
    return {first, ttl_and_protocol | static_cast<uint32_t>(checksum) << 16};
}

void write_udp(uint8_t* at, uint32_t hash, uint32_t length) noexcept {
    store(at + offsetof(net::UdpHeader, source_port), net::be16(udp_source_of(hash)));
    store(at + offsetof(net::UdpHeader, length), net::be16(static_cast<uint16_t>(length)));
}

}  // namespace

unsigned take_out(Context& c, Columns& col, unsigned n, Inner& inner) noexcept {
    const Tunnels& tunnels = *c.plan->tunnels;
    if (!some_may_be_a_tunnels(tunnels, col, n)) return n;

    std::array<Ends, burst_size> ends;
    std::array<size_t, burst_size> home;
    std::array<uint32_t, burst_size> headers;
    for (unsigned i = 0; i < n; ++i) {
        const uint8_t* frame = col.frame[i];
        const uint32_t bytes = bytes_there(col, i);
        headers[i] = 0;
        if (!may_be_a_tunnels(tunnels, frame, bytes)) continue;
        const uint32_t outer = look_outside(frame, bytes, ends[i]);
        if (outer == 0 || !may_just_be_taken_out(tunnels, frame, frame + outer, bytes - outer)) {
            continue;
        }
        headers[i] = outer;
        home[i] = tunnels.home_of(ends[i]);
        tunnels.prefetch(home[i]);
    }

    Locals locals(c);
    auto& interfaces = c.counters.interfaces;
    unsigned kept = 0, taken_out = 0;
    for (unsigned i = 0; i < n; ++i) {
        uint8_t* frame = col.frame[i];
        rte_mbuf& m = *col.packet[i];
        const Tunnel* t = headers[i] == 0 ? nullptr : tunnels.find(ends[i], home[i]);
        if (t == nullptr ||
            !lets_it_out(*t, frame + headers[i], bytes_there(col, i) - headers[i]) ||
            !locals.has(ends[i].local())) {
            if (kept != i) move_row(col, i, kept);
            ++kept;
            continue;
        }
        open(m, frame, headers[i], ethernet_header + col.total_length[i]);
        m.port = t->interface;
        interfaces[t->interface].rx_packets.add(1);
        interfaces[t->interface].rx_bytes.add(col.total_length[i] - headers[i]);
        inner.packets[taken_out++] = &m;
    }
    inner.count = taken_out;
    return kept;
}

void find_ways_in(const Context& c, Columns& col, unsigned n) noexcept {
    const Plan& plan = *c.plan;
    std::array<uint32_t, burst_size> row, remote;
    unsigned entering = 0;
    for (unsigned i = 0; i < n; ++i) {
        col.tunnel[i] = nullptr;
        const Adjacency a = adjacency_of(plan, col, i);
        if (a.kind != NextHopKind::tunnel) continue;
        const Tunnel& t = plan.tunnels->all()[a.index];
        if (!only_needs_headers(c, col, i, a, t)) {
            col.next_hop[i] = nowhere;
            continue;
        }
        col.tunnel[i] = &t;
        row[entering] = i;
        remote[entering++] = t.remote_bits;
    }
    if (entering == 0) return;

    std::array<uint16_t, burst_size> next_hop;
    fib::find_bulk(*c.routes, remote.data(), next_hop.data(), entering);
    for (unsigned e = 0; e < entering; ++e) {
        col.destination[row[e]] = remote[e];
        col.next_hop[row[e]] = next_hop[e];
    }
    col.some_enter = true;
}

void encapsulate(Context& c, Columns& col, unsigned n) noexcept {
    auto& interfaces = c.counters.interfaces;
    uint16_t id = c.next_identification;
    for (unsigned i = 0; i < n; ++i) {
        if (col.tunnel[i] == nullptr) continue;
        const Tunnel& t = *col.tunnel[i];
        uint8_t* const inner = col.frame[i];
        const uint32_t total = col.total_length[i] + t.overhead;
        interfaces[t.interface].tx_packets.add(1);
        interfaces[t.interface].tx_bytes.add(col.total_length[i]);

        const OuterHeader header = outer_header(t, inner, col.aged[i], total, id++);
        store(inner + fast_path::ttl_at, col.aged[i]);
        std::memcpy(inner + ethernet_header - Tunnel::behind_bytes, t.behind.data(),
                    Tunnel::behind_bytes);
        uint8_t* const outer = inner - t.overhead;
        store(outer + fast_path::version_at, header.first);
        if (t.in_udp) {
            write_udp(outer + outer_end, fast_path::flow_hash_of(col, i), total - ip_header);
        }

        rte_mbuf& m = *col.packet[i];
        m.data_off = static_cast<uint16_t>(m.data_off - t.overhead);
        m.data_len = static_cast<uint16_t>(m.data_len + t.overhead);
        col.frame[i] = outer;
        col.total_length[i] = total;
        col.aged[i] = header.aged;
    }
    c.next_identification = id;
}

}  // namespace sluice::tunnel
