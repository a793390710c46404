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

// A row that may have come in a tunnel, by its outer headers.
struct Candidate {
    Ends ends;  // form 0: only the plain way can say
    uint32_t headers = 0;
};

// GRE of IPv4 with at most a key, this many bytes behind IP's header.
Candidate look_at_gre(const uint8_t* frame, uint32_t bytes, uint32_t behind, Ends ends) noexcept {
    constexpr uint32_t gre_header = sizeof(net::GreHeader), key = sizeof(uint32_t);
    const uint32_t at = outer_end + behind;
    if (bytes < at + gre_header + key) return {};
    const auto gre = load<net::Be32>(frame + at).host();
    if (gre == 0x0000'0800) return {ends, ip_header + behind + gre_header};
    if (gre != 0x2000'0800) return {};
    return {ends.with_key(load<net::Be32>(frame + at + gre_header).host()),
            ip_header + behind + gre_header + key};
}

// UDP without a checksum, as long as the packet.
bool is_plain_udp(const uint8_t* frame, uint32_t bytes) noexcept {
    if (bytes < outer_end + udp_header) return false;
    const auto udp = load<net::UdpHeader>(frame + outer_end);
    const auto length = load<net::Be16>(frame + fast_path::length_at).host();
    return udp.checksum == net::be16(0) && udp.length.host() + ip_header == length;
}

// Plain outer headers: IP in IP, GRE, or GRE in UDP.
Candidate look_outside(const uint8_t* frame, uint32_t bytes) noexcept {
    const uint32_t local = __builtin_bswap32(load<uint32_t>(frame + fast_path::destination_at));
    const uint32_t remote = __builtin_bswap32(load<uint32_t>(frame + fast_path::source_at));
    if (is_fragment(frame)) return {};
    if (frame[protocol_at] == net::Protocol::ipip) {
        return {Ends::of(TunnelKind::ipip, local, remote), ip_header};
    }
    const Ends ends = Ends::of(TunnelKind::gre, local, remote);
    if (frame[protocol_at] == net::Protocol::gre) return look_at_gre(frame, bytes, 0, ends);
    if (!is_plain_udp(frame, bytes)) return {};
    const auto port = load<net::UdpHeader>(frame + outer_end).destination_port.host();
    return look_at_gre(frame, bytes, udp_header, ends.with_udp(port));
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

// Whether the inner packet, whose frame begins at `inner`, needs no more than to be taken out.
bool only_needs_taking_out(const Tunnels& tunnels, const Tunnel& t, const uint8_t* frame,
                           const uint8_t* inner, uint32_t bytes) noexcept {
    if (t.is_bridged) return false;
    if (bytes < outer_end || inner[fast_path::version_at] != 0x45) return false;
    if (may_be_a_tunnels(tunnels, inner, bytes)) return false;
    if (t.clamps_mss && may_be_syn(inner, bytes)) return false;
    if (load<net::Be32>(inner + fast_path::destination_at).host() == t.remote_bits) return false;
    const auto mark = static_cast<Ecn>(inner[tos_at] & ecn_mask);
    return decapsulated(mark, static_cast<Ecn>(frame[tos_at] & ecn_mask)) == mark &&
           !t.checks_source;
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

void count_in(Context& c, const Tunnel& t, uint32_t bytes) noexcept {
    auto& counters = c.counters.interfaces[t.interface];
    counters.rx_packets.add(1);
    counters.rx_bytes.add(bytes);
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

void write_udp(uint8_t* at, uint32_t hash, uint32_t length) noexcept {
    store(at + offsetof(net::UdpHeader, source_port), net::be16(udp_source_of(hash)));
    store(at + offsetof(net::UdpHeader, length), net::be16(static_cast<uint16_t>(length)));
}

}  // namespace

unsigned take_out(Context& c, Columns& col, unsigned n, Inner& inner) noexcept {
    std::array<Candidate, burst_size> candidates;
    const Tunnels& tunnels = *c.plan->tunnels;
    bool any = false;
    for (unsigned i = 0; i < n; ++i) {
        candidates[i] = {};
        const uint32_t bytes = bytes_there(col, i);
        if (!may_be_a_tunnels(tunnels, col.frame[i], bytes)) continue;
        candidates[i] = look_outside(col.frame[i], bytes);
        tunnels.prefetch(candidates[i].ends);
        any = true;
    }
    if (!any) return n;

    Locals locals(c);
    unsigned kept = 0;
    for (unsigned i = 0; i < n; ++i) {
        const Candidate& at = candidates[i];
        uint8_t* frame = col.frame[i];
        const Tunnel* t = at.ends.form == 0 ? nullptr : tunnels.find(at.ends);
        if (t == nullptr ||
            !only_needs_taking_out(tunnels, *t, frame, frame + at.headers,
                                   bytes_there(col, i) - at.headers) ||
            !locals.has(at.ends.local())) {
            if (kept != i) move_row(col, i, kept);
            ++kept;
            continue;
        }
        rte_mbuf& m = *col.packet[i];
        open(m, frame, at.headers, ethernet_header + col.total_length[i]);
        m.port = t->interface;
        count_in(c, *t, m.pkt_len - ethernet_header);
        inner.packets[inner.count++] = &m;
    }
    return kept;
}

bool only_needs_headers(const Columns& col, unsigned row, const Tunnel& t) noexcept {
    const rte_mbuf& m = *col.packet[row];
    const uint32_t source = load<net::Be32>(col.frame[row] + fast_path::source_at).host();
    if (source == t.remote_bits) return false;
    return m.data_off >= Tunnel::behind_bytes &&
           (!t.clamps_mss || !may_be_syn(col.frame[row], m.data_len));
}

void encapsulate(Context& c, Columns& col, unsigned n) noexcept {
    for (unsigned i = 0; i < n; ++i) {
        const Tunnel* t = col.tunnel[i];
        if (t == nullptr) continue;
        uint8_t* frame = col.frame[i];
        store(frame + fast_path::ttl_at, col.aged[i]);
        const uint32_t tos = t->tos | (frame[tos_at] & t->inherited_tos);
        const uint32_t flags =
            t->flags | (load<uint16_t>(frame + fragment_at) & t->inherited_flags);
        const uint32_t ttl = t->ttl != 0 ? t->ttl : frame[fast_path::ttl_at];

        const uint32_t hash = t->in_udp ? fast_path::flow_hash_of(col, i) : 0;
        auto& counters = c.counters.interfaces[t->interface];
        counters.tx_packets.add(1);
        counters.tx_bytes.add(col.total_length[i]);
        std::memcpy(frame + ethernet_header - Tunnel::behind_bytes, t->behind.data(),
                    Tunnel::behind_bytes);
        frame -= t->overhead;
        const uint32_t total = col.total_length[i] + t->overhead;
        const uint32_t length = net::be16(static_cast<uint16_t>(total)).raw();
        const uint32_t id = net::be16(c.next_identification++).raw();
        const uint32_t protocol = frame[protocol_at];
        // As the words lie in memory: the low byte is the first.
        const uint16_t checksum = static_cast<uint16_t>(~net::fold(
            uint64_t{t->sum} + (tos << 8) + length + id + flags + (ttl | protocol << 8)));
        frame[tos_at] = static_cast<uint8_t>(tos);
        store(frame + fast_path::length_at, static_cast<uint32_t>(length | id << 16));
        store(frame + fragment_at, static_cast<uint16_t>(flags));
        if (t->in_udp) write_udp(frame + outer_end, hash, total - ip_header);

        rte_mbuf& m = *col.packet[i];
        m.data_off = static_cast<uint16_t>(m.data_off - t->overhead);
        m.data_len = static_cast<uint16_t>(m.data_len + t->overhead);
        col.frame[i] = frame;
        col.total_length[i] = total;
        col.aged[i] = ttl | protocol << 8 | static_cast<uint32_t>(checksum) << 16;
    }
}

}  // namespace sluice::tunnel
