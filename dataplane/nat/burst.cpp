// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/nat/burst.h"

#include "dataplane/ipv4/route.h"
#include "dataplane/nat/left.h"
#include "dataplane/nat/rewrite.h"
#include "dataplane/nat/rule_counters.h"
#include "dataplane/nat/translator.h"

namespace sluice::nat {
namespace {

using fast_path::Columns;
using fast_path::load;
using fast_path::store;

constexpr unsigned fragment_at = 20;

// Whole to the end of what is rewritten, no fragment, and nothing that moves TCP's state but what
// begins a flow.
bool is_plain(const uint8_t* frame, uint32_t bytes) noexcept {
    if ((load<uint16_t>(frame + fragment_at) & net::be16(0x3fff).raw()) != 0) return false;
    const uint8_t protocol = frame[protocol_at];
    if (protocol == net::Protocol::tcp) {
        return bytes >= transport_at + 20 &&
               ((frame[tcp_flags_at] & (tcp::syn | tcp::fin | tcp::rst)) == 0 || is_syn(frame));
    }
    return protocol == net::Protocol::udp && bytes >= transport_at + sizeof(net::UdpHeader);
}

unsigned keep_plain_ones(Columns& col, unsigned n) noexcept {
    unsigned kept = 0;
    Left left;
    for (unsigned i = 0; i < n; ++i) {
        const uint32_t bytes =
            std::min<uint32_t>(col.packet[i]->data_len, ethernet_header + col.total_length[i]);
        if (!is_plain(col.frame[i], bytes) || left.has(col.frame[i])) [[unlikely]] {
            left.add(col.frame[i], bytes);
            continue;
        }
        if (kept != i) [[unlikely]]
            move_row(col, i, kept);
        ++kept;
    }
    return kept;
}

// Equal-cost next hops are chosen by the packet as it came.
void hash_rows(Columns& col, unsigned n) noexcept {
    for (unsigned i = 0; i < n; ++i) {
        col.hash[i] = ipv4::flow_hash(
            *reinterpret_cast<const net::Ipv4Header*>(col.frame[i] + ethernet_header),
            col.packet[i]->data_len - ethernet_header);
    }
}

// Packets by rule; those of one rule in a row are counted at once.
class RuleCount {
  public:
    void add(Context& c, uint16_t rule) noexcept {
        if (rule != rule_) [[unlikely]] {
            flush(c);
            rule_ = rule;
        }
        ++packets_;
    }
    void flush(Context& c) noexcept {
        if (packets_ > 0) counters_of(c, rule_).packets.add(packets_);
        packets_ = 0;
    }

  private:
    uint16_t rule_ = 0;
    uint32_t packets_ = 0;
};

bool is_usable(const Rules& rules, const flow::Session& s) noexcept {
    return (s.state.load(std::memory_order_relaxed) & plain_bit) != 0 && rules.has(s.facts.rule);
}

}  // namespace

unsigned find_sessions(Context& c, Columns& col, unsigned n) noexcept {
    std::array<flow::FlowKey, burst_size> keys;
    const flow::Index& index = c.nat->index();
    n = keep_plain_ones(col, n);
    for (unsigned i = 0; i < n; ++i) keys[i] = key_of(col.frame[i]);
    index.prepare(keys.data(), col.key_hash.data(), n);
    if (!c.plan->groups.empty()) hash_rows(col, n);
    const uint64_t found = index.find_bulk(keys.data(), col.key_hash.data(), col.flow.data(), n);

    unsigned kept = 0;
    Left left;
    for (unsigned i = 0; i < n; ++i) {
        const bool has_session = (found >> i & 1) != 0;
        if (has_session) [[likely]] {
            const flow::Session& session = c.nat->session(col.flow[i]);
            if (!is_usable(*c.plan->nat, session) || is_syn(col.frame[i]) || left.has(col.frame[i]))
                [[unlikely]] {
                left.add(col.frame[i], col.packet[i]->data_len);
                continue;
            }
            col.destination[i] = session.other_key(col.flow[i].direction()).source.host();
        } else {
            col.flow[i] = flow::Flow();
        }
        if (kept != i) [[unlikely]] {
            move_row(col, i, kept);
            col.flow[kept] = col.flow[i];
            col.hash[kept] = col.hash[i];
            col.key_hash[kept] = col.key_hash[i];
        }
        ++kept;
    }
    return kept;
}

void rewrite_found(Context& c, Columns& col, unsigned n) noexcept {
    const uint32_t tick = tick_of(c);
    RuleCount counted;
    for (unsigned i = 0; i < n; ++i) {
        const flow::Flow flow = col.flow[i];
        if (!flow.exists()) continue;
        flow::Session& session = c.nat->session(flow);
        const flow::FlowKey& other = session.other_key(flow.direction());
        uint8_t* frame = col.frame[i];
        store(frame + fast_path::source_at, other.destination);
        store(frame + fast_path::destination_at, other.source);
        store(frame + transport_at, other.destination_port);
        store(frame + transport_at + 2, other.source_port);

        const uint16_t transport = session.transport_delta(flow.direction());
        const bool udp = other.protocol == net::Protocol::udp;
        uint8_t* checksum = frame + transport_at + (udp ? 6 : 16);
        const auto before = load<net::Be16>(checksum);
        store(checksum,
              udp ? add_delta_udp(before, transport) : flow::add_delta(before, transport));

        // As bytes: ttl, protocol, checksum.
        uint8_t aged[4];
        std::memcpy(aged, &col.aged[i], sizeof aged);
        store(aged + 2,
              flow::add_delta(load<net::Be16>(aged + 2), session.network_delta(flow.direction())));
        std::memcpy(&col.aged[i], aged, sizeof aged);

        if (refreshes(session, flow.direction())) session.touch(tick);
        counted.add(c, session.facts.rule);
    }
    counted.flush(c);
}

}  // namespace sluice::nat
