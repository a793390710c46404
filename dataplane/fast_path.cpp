// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/fast_path.h"

#include <array>

#include "dataplane/arp/neighbour_table.h"
#include "dataplane/ipv4/route.h"
#include "dataplane/ipv4/screen_source.h"
#include "dataplane/pipeline.h"
#include "lib/net/checksum.h"
#include "lib/tsc.h"

namespace sluice::fast_path {
namespace {

using layout::Stage;

template <typename T>
T load(const uint8_t* at) noexcept {
    T value;
    std::memcpy(&value, at, sizeof value);
    return value;
}
template <typename T>
void store(uint8_t* at, T value) noexcept {
    std::memcpy(at, &value, sizeof value);
}

// Where the fields lie in the frame. All loads stay within `least`.
constexpr unsigned type_at = 12, version_at = 14, length_at = 16, ttl_at = 22, checksum_at = 24,
                   source_at = 26, destination_at = 30, least = 34;

// The burst, by columns: what one pass finds and the next one needs. Row i is the i-th candidate.
struct Columns {
    std::array<rte_mbuf*, burst_size> packet;
    std::array<uint8_t*, burst_size> frame;
    std::array<uint32_t, burst_size> destination;  // host order
    std::array<uint16_t, burst_size> total_length;
    std::array<uint16_t, burst_size> next_hop;
    std::array<uint64_t, burst_size> mac;       // of the next hop, as bits
    std::array<InterfaceId, burst_size> out;
};

// Everything that validate() and screen_source() would look at, for the common case: each check
// leaves a zero, so that one test at the end tells candidates from the rest.
struct Classified {
    bool candidate;
    uint16_t total_length;
};

Classified classify(const Plan& plan, uint64_t own_mac, const rte_mbuf& m,
                    const uint8_t* frame) noexcept {
    if (m.data_len < least) [[unlikely]] return {false, 0};

    const uint64_t other_mac = (load<uint64_t>(frame) ^ own_mac) << 16;
    // Type 0x0800, version 4, five words of header: three bytes in a row; and a unicast source.
    const uint32_t other_kind = (load<uint32_t>(frame + type_at) & 0x00ffffff) ^ 0x00450008;
    const uint32_t group_source = frame[6] & 1;

    uint64_t sum = load<uint32_t>(frame + version_at);
    sum += load<uint32_t>(frame + version_at + 4);
    sum += load<uint32_t>(frame + version_at + 8);
    sum += load<uint32_t>(frame + version_at + 12);
    sum += load<uint32_t>(frame + version_at + 16);
    sum = (sum & 0xffffffff) + (sum >> 32);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    const uint32_t false_checksum = static_cast<uint32_t>(sum) ^ 0xffff;

    // Aged out; longer than what came; shorter than its header: each shows in the sign bit.
    const uint32_t total = __builtin_bswap16(load<uint16_t>(frame + length_at));
    const uint32_t too_old = static_cast<uint32_t>(frame[ttl_at]) - 2;
    const uint32_t cut_short = m.pkt_len - ethernet_header - total;
    const uint32_t too_short = total - sizeof(net::Ipv4Header);
    const uint32_t negative = (too_old | cut_short | too_short) >> 31;

    // 0/8, 127/8 and 224/4 and above, and what may be an address of our own.
    const uint32_t source = __builtin_bswap32(load<uint32_t>(frame + source_at));
    const uint32_t network = source >> 24;
    const uint32_t martian = (network == 0) | (network == 127) | (network >= 224);
    const uint32_t own = plan.may_be_own(source);

    const uint64_t faults = other_mac | other_kind | group_source | false_checksum | negative |
                            martian | own;
    return {faults == 0, static_cast<uint16_t>(total)};
}

// A frame may be longer than its packet by padding; that is cut. In a chain it would lie in the
// last segment, so chains that are not exact are left to the plain way.
bool trim(rte_mbuf& m, uint32_t total_length) noexcept {
    const uint32_t length = ethernet_header + total_length;
    if (m.nb_segs > 1) [[unlikely]] return m.pkt_len == length;
    m.pkt_len = length;
    m.data_len = static_cast<uint16_t>(length);
    return true;
}

unsigned classify_burst(const Plan& plan, InterfaceId in, rte_mbuf** packets, unsigned count,
                        Columns& col, unsigned& rest, uint64_t& bytes) noexcept {
    const uint64_t own_mac = plan.interfaces[in].mac.as_bits();
    unsigned n = 0;
    for (unsigned i = 0; i < count; ++i) {
        rte_mbuf* m = packets[i];
        auto* frame = static_cast<uint8_t*>(m->buf_addr) + m->data_off;
        bytes += m->pkt_len;
        const Classified is = classify(plan, own_mac, *m, frame);
        if (!is.candidate || !trim(*m, is.total_length)) [[unlikely]] {
            packets[rest++] = m;
            continue;
        }
        col.packet[n] = m;
        col.frame[n] = frame;
        col.destination[n] = __builtin_bswap32(load<uint32_t>(frame + destination_at));
        col.total_length[n] = is.total_length;
        ++n;
    }
    return n;
}

// Whether each source is reached by the interface it came from, all looked up at once.
unsigned keep_right_ways(const Context& c, InterfaceId in, Columns& col, unsigned n,
                         rte_mbuf** packets, unsigned& rest) noexcept {
    std::array<uint32_t, burst_size> source;
    std::array<uint16_t, burst_size> route;
    for (unsigned i = 0; i < n; ++i) {
        source[i] = __builtin_bswap32(load<uint32_t>(col.frame[i] + source_at));
    }
    fib::find_bulk(*c.routes, source.data(), route.data(), n);
    unsigned kept = 0;
    for (unsigned i = 0; i < n; ++i) {
        if (!ipv4::comes_the_right_way(*c.plan, route[i], in)) {
            packets[rest++] = col.packet[i];
            continue;
        }
        col.packet[kept] = col.packet[i];
        col.frame[kept] = col.frame[i];
        col.destination[kept] = col.destination[i];
        col.total_length[kept] = col.total_length[i];
        ++kept;
    }
    return kept;
}

// The neighbour's link bits, or none that is usable.
uint64_t link_of(const Context& c, const Columns& col, unsigned i, Adjacency a) noexcept {
    if (a.kind == NextHopKind::gateway) [[likely]] {
        return a.index == NeighbourTable::none ? 0 : c.neighbours.link(a.index).bits();
    }
    const uint32_t place = c.neighbours.find(a.interface, {col.destination[i]});
    return place == NeighbourTable::none ? 0 : c.neighbours.link(place).bits();
}

Adjacency adjacency_of(const Plan& plan, const Columns& col, unsigned i) noexcept {
    const Adjacency a = plan.adjacencies[col.next_hop[i]];
    if (a.kind != NextHopKind::group) [[likely]] return a;
    const auto& ip = *reinterpret_cast<const net::Ipv4Header*>(col.frame[i] + ethernet_header);
    const uint32_t hash = ipv4::flow_hash(ip, col.packet[i]->data_len - ethernet_header);
    return plan.adjacencies[plan.member(a, hash)];
}

// Rows that can not go out the fast way are closed up.
unsigned resolve(const Context& c, InterfaceId in, Columns& col, unsigned n, rte_mbuf** packets,
                 unsigned& rest) noexcept {
    const Plan& plan = *c.plan;
    const InterfaceId back = plan.interfaces[in].redirects ? in : layout::no_interface;
    unsigned kept = 0;
    for (unsigned i = 0; i < n; ++i) {
        const Adjacency a = adjacency_of(plan, col, i);
        const bool leads_out =
            a.kind == NextHopKind::gateway || a.kind == NextHopKind::connected;
        const uint64_t link = leads_out ? link_of(c, col, i, a) : 0;
        if (!NeighbourLink(link).usable() || col.total_length[i] > a.mtu || a.interface == back)
            [[unlikely]] {
            packets[rest++] = col.packet[i];
            continue;
        }
        col.packet[kept] = col.packet[i];
        col.frame[kept] = col.frame[i];
        col.mac[kept] = link;
        col.out[kept] = a.interface;
        ++kept;
    }
    return kept;
}

// RFC 1624: the checksum grows by what the ttl's word lost, which is 0x0100 on the wire and 1 as
// it lies in memory; the carry goes around, and 0xffff is never left where 0x0000 is meant.
void age(uint8_t* frame) noexcept {
    frame[ttl_at] = static_cast<uint8_t>(frame[ttl_at] - 1);
    const uint32_t sum = load<uint16_t>(frame + checksum_at) + 1u;
    store(frame + checksum_at, static_cast<uint16_t>(sum + (sum >= 0xffff)));
}

void rewrite(Context& c, const Columns& col, unsigned n) noexcept {
    constexpr uint64_t mac_mask = NeighbourLink::mac_mask;
    for (unsigned i = 0; i < n; ++i) {
        uint8_t* frame = col.frame[i];
        const uint64_t source = c.plan->interfaces[col.out[i]].mac.as_bits();
        store(frame, (col.mac[i] & mac_mask) | source << 48);
        store(frame + 8, static_cast<uint32_t>(source >> 16));
        age(frame);
    }
}

// Runs of packets that leave by the same interface go to the transmitter at once.
void transmit(Context& c, Columns& col, unsigned n) noexcept {
    for (unsigned first = 0; first < n;) {
        unsigned end = first + 1;
        while (end < n && col.out[end] == col.out[first]) ++end;
        c.transmitter.send(col.out[first], col.packet.data() + first, end - first);
        first = end;
    }
}

}  // namespace

unsigned forward(Context& c, InterfaceId in, rte_mbuf** packets, unsigned count) noexcept {
    Columns col;
    unsigned rest = 0;
    uint64_t bytes = 0;
    unsigned n = classify_burst(*c.plan, in, packets, count, col, rest, bytes);
    auto& counters = c.counters.interfaces[in];
    counters.rx_packets.add(count);
    counters.rx_bytes.add(bytes);

    if (c.plan->interfaces[in].reverse_path != layout::ReversePath::off) {
        n = keep_right_ways(c, in, col, n, packets, rest);
    }
    if (n == 0) return rest;
    fib::find_bulk(*c.routes, col.destination.data(), col.next_hop.data(), n);
    n = resolve(c, in, col, n, packets, rest);
    rewrite(c, col, n);
    transmit(c, col, n);
    return rest;
}

}  // namespace sluice::fast_path
