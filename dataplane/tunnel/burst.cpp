// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/tunnel/burst.h"

#include "dataplane/tunnel/ecn.h"
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
constexpr uint8_t syn = 0x02;

bool is_fragment(const uint8_t* frame) noexcept {
    return (load<uint16_t>(frame + fragment_at) & net::be16(0x3fff).raw()) != 0;
}

// Of a frame with a header of five words, of which `bytes` are there. True where it can't be seen.
bool may_be_syn(const uint8_t* frame, uint32_t bytes) noexcept {
    if (frame[protocol_at] != net::Protocol::tcp) return false;
    if ((load<uint16_t>(frame + fragment_at) & net::be16(0x1fff).raw()) != 0) return false;
    constexpr uint32_t flags_at = outer_end + tcp_flags_behind_ip;
    return bytes <= flags_at || (frame[flags_at] & syn) != 0;
}

struct Outside {
    Ends ends;
    uint32_t headers = 0;
};

// Plain outer headers: IP in IP, or GRE of IPv4 with at most a key.
std::optional<Outside> look_outside(const uint8_t* frame, uint32_t bytes) noexcept {
    const uint8_t protocol = frame[protocol_at];
    Outside out;
    out.ends.local = __builtin_bswap32(load<uint32_t>(frame + fast_path::destination_at));
    out.ends.remote = __builtin_bswap32(load<uint32_t>(frame + fast_path::source_at));
    out.headers = ip_header;
    if (protocol == net::Protocol::ipip) {
        out.ends.kind = TunnelKind::ipip;
        return out;
    }
    constexpr uint32_t with_key = sizeof(net::GreHeader) + sizeof(uint32_t);
    if (protocol != net::Protocol::gre || bytes < outer_end + with_key) return std::nullopt;
    out.ends.kind = TunnelKind::gre;
    out.headers += sizeof(net::GreHeader);
    const auto gre = load<net::Be32>(frame + outer_end).host();
    if (gre == 0x0000'0800) return out;
    if (gre != 0x2000'0800) return std::nullopt;
    out.ends.key = load<net::Be32>(frame + outer_end + sizeof(net::GreHeader)).host();
    out.headers += sizeof(uint32_t);
    return out;
}

// Whether the inner packet, whose frame begins at `inner`, needs no more than to be taken out.
bool only_needs_taking_out(const Tunnel& t, const uint8_t* frame, const uint8_t* inner,
                           uint32_t bytes) noexcept {
    if (bytes < outer_end || inner[fast_path::version_at] != 0x45) return false;
    const uint8_t protocol = inner[protocol_at];
    if (protocol == net::Protocol::gre || protocol == net::Protocol::ipip) return false;
    if (t.wish.clamp_mss != 0 && may_be_syn(inner, bytes)) return false;
    const auto mark = static_cast<Ecn>(inner[tos_at] & ecn_mask);
    return decapsulated(mark, static_cast<Ecn>(frame[tos_at] & ecn_mask)) == mark &&
           t.wish.reverse_path == layout::ReversePath::off;
}

bool is_local(const Context& c, uint32_t address) noexcept {
    return c.plan->adjacencies[fib::find(*c.routes, address)].kind == NextHopKind::local;
}

// Null where the plain way has more to do.
const Tunnel* opens(const Context& c, const uint8_t* frame, uint32_t bytes,
                    uint32_t& headers) noexcept {
    if (is_fragment(frame)) return nullptr;
    const auto out = look_outside(frame, bytes);
    if (!out) return nullptr;
    const Tunnel* t = c.plan->tunnels->find(out->ends);
    headers = out->headers;
    if (t == nullptr || !only_needs_taking_out(*t, frame, frame + headers, bytes - headers) ||
        !is_local(c, out->ends.local)) {
        return nullptr;
    }
    return t;
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

}  // namespace

unsigned take_out(Context& c, Columns& col, unsigned n, Inner& inner) noexcept {
    unsigned kept = 0;
    for (unsigned i = 0; i < n; ++i) {
        uint8_t* frame = col.frame[i];
        const uint8_t protocol = frame[protocol_at];
        if (protocol == net::Protocol::gre || protocol == net::Protocol::ipip) {
            rte_mbuf& m = *col.packet[i];
            const uint32_t length = ethernet_header + col.total_length[i];
            uint32_t headers = 0;
            if (const Tunnel* t =
                    opens(c, frame, std::min<uint32_t>(m.data_len, length), headers)) {
                open(m, frame, headers, length);
                m.port = t->interface;
                count_in(c, *t, m.pkt_len - ethernet_header);
                inner.packets[inner.count++] = &m;
                continue;
            }
        }
        if (kept != i) move_row(col, i, kept);
        ++kept;
    }
    return kept;
}

bool only_needs_headers(const Columns& col, unsigned row, const Tunnel& t) noexcept {
    const rte_mbuf& m = *col.packet[row];
    return m.data_off >= Tunnel::behind_bytes &&
           (t.wish.clamp_mss == 0 || !may_be_syn(col.frame[row], m.data_len));
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
        const uint32_t ttl = t->wish.ttl != 0 ? t->wish.ttl : frame[fast_path::ttl_at];

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

        rte_mbuf& m = *col.packet[i];
        m.data_off = static_cast<uint16_t>(m.data_off - t->overhead);
        m.data_len = static_cast<uint16_t>(m.data_len + t->overhead);
        col.frame[i] = frame;
        col.total_length[i] = total;
        col.aged[i] = ttl | protocol << 8 | static_cast<uint32_t>(checksum) << 16;
    }
}

}  // namespace sluice::tunnel
