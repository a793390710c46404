// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/fast_path.h"

#include <array>

#include "dataplane/arp/neighbour_table.h"
#include "dataplane/classify.h"
#include "dataplane/ipv4/route.h"
#include "dataplane/ipv4/screen_source.h"
#include "dataplane/stage_clock.h"

namespace sluice::fast_path {
namespace {

using layout::Stage;

// The packets that a pass finds unfit for the fast way.
class Rest {
  public:
    Rest(rte_mbuf** packets, unsigned count) noexcept : packets_(packets), count_(count) {}
    void add(rte_mbuf* m) noexcept { packets_[count_++] = m; }
    unsigned count() const noexcept { return count_; }

  private:
    rte_mbuf** packets_;
    unsigned count_;
};

void move_row(Columns& col, unsigned from, unsigned to) noexcept {
    col.packet[to] = col.packet[from];
    col.frame[to] = col.frame[from];
    col.destination[to] = col.destination[from];
    col.total_length[to] = col.total_length[from];
    col.aged[to] = col.aged[from];
}

// Whether each source is reached by the interface it came from, all looked up at once.
unsigned keep_right_ways(const Context& c, InterfaceId in, Columns& col, unsigned n,
                         Rest& rest) noexcept {
    std::array<uint32_t, burst_size> source;
    std::array<uint16_t, burst_size> route;
    for (unsigned i = 0; i < n; ++i) {
        source[i] = __builtin_bswap32(load<uint32_t>(col.frame[i] + source_at));
    }
    fib::find_bulk(*c.routes, source.data(), route.data(), n);
    unsigned kept = 0;
    for (unsigned i = 0; i < n; ++i) {
        if (ipv4::comes_the_right_way(*c.plan, route[i], in)) {
            move_row(col, i, kept++);
        } else {
            rest.add(col.packet[i]);
        }
    }
    return kept;
}

// The neighbour's link bits, or none that is usable.
uint64_t link_of(const Context& c, Adjacency a, uint32_t destination) noexcept {
    if (a.kind == NextHopKind::gateway) [[likely]] {
        return a.index == NeighbourTable::none ? 0 : c.neighbours.link(a.index).bits();
    }
    if (a.kind != NextHopKind::connected) return 0;
    const uint32_t place = c.neighbours.find(a.interface, {destination});
    return place == NeighbourTable::none ? 0 : c.neighbours.link(place).bits();
}

Adjacency adjacency_of(const Plan& plan, const Columns& col, unsigned i) noexcept {
    const Adjacency a = plan.adjacencies[col.next_hop[i]];
    if (a.kind != NextHopKind::group) [[likely]]
        return a;
    const auto& ip = *reinterpret_cast<const net::Ipv4Header*>(col.frame[i] + ethernet_header);
    // Padding, which lies behind a packet too short for ports, is not of the flow.
    const uint32_t whole =
        std::min<uint32_t>(col.packet[i]->data_len - ethernet_header, col.total_length[i]);
    const uint32_t hash = ipv4::flow_hash(ip, whole);
    return plan.adjacencies[plan.member(a, hash)];
}

// Rows that can not go out the fast way are closed up.
unsigned resolve(const Context& c, InterfaceId in, Columns& col, unsigned n, Rest& rest) noexcept {
    const Plan& plan = *c.plan;
    // A packet that leaves by where it came from may deserve a redirect.
    const InterfaceId back = plan.interfaces[in].redirects ? in : layout::no_interface;
    unsigned kept = 0;
    for (unsigned i = 0; i < n; ++i) {
        const Adjacency a = adjacency_of(plan, col, i);
        const uint64_t link = link_of(c, a, col.destination[i]);
        if (!NeighbourLink(link).usable() || col.total_length[i] > a.mtu || a.interface == back)
            [[unlikely]] {
            rest.add(col.packet[i]);
            continue;
        }
        if (kept != i) [[unlikely]]
            move_row(col, i, kept);
        col.mac[kept] = link;
        col.out[kept] = a.interface;
        ++kept;
    }
    return kept;
}

// New MAC addresses, ttl and checksum; padding is cut off. A chain ends where its packet does
// (classify), so only its length is written, which does not change it.
void rewrite(const Plan& plan, const Columns& col, unsigned n) noexcept {
    for (unsigned i = 0; i < n; ++i) {
        uint8_t* frame = col.frame[i];
        const uint64_t source = plan.interfaces[col.out[i]].mac.as_bits();
        store(frame, (col.mac[i] & NeighbourLink::mac_mask) | source << 48);
        store(frame + 8, static_cast<uint32_t>(source >> 16));
        store(frame + ttl_at, col.aged[i]);

        rte_mbuf& m = *col.packet[i];
        const uint32_t length = ethernet_header + col.total_length[i];
        m.pkt_len = length;
        m.data_len = static_cast<uint16_t>(std::min<uint32_t>(m.data_len, length));
    }
}

}  // namespace

unsigned forward(Context& c, InterfaceId in, rte_mbuf** packets, unsigned count) noexcept {
    Columns col;
    uint64_t bytes = 0;
    const Plan& plan = *c.plan;
    StageClock clock(c);
    unsigned n = classify({plan.interfaces[in].mac.as_bits(), plan.own_filter.data()},
                          {packets, count}, col, bytes);
    Rest rest(packets, count - n);
    auto& counters = c.counters.interfaces[in];
    counters.rx_packets.add(count);
    counters.rx_bytes.add(bytes);
    if (plan.interfaces[in].reverse_path != layout::ReversePath::off) {
        n = keep_right_ways(c, in, col, n, rest);
    }
    clock.lap(Stage::classify, count);
    if (n == 0) return rest.count();

    fib::find_bulk(*c.routes, col.destination.data(), col.next_hop.data(), n);
    clock.lap(Stage::lookup, n);
    n = resolve(c, in, col, n, rest);
    clock.lap(Stage::resolve, n);
    rewrite(plan, col, n);
    c.transmitter.send(col.out.data(), col.packet.data(), n);
    clock.lap(Stage::rewrite, n);
    return rest.count();
}

}  // namespace sluice::fast_path
