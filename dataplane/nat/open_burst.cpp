// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/nat/open_burst.h"

#include <bit>

#include "dataplane/discard.h"
#include "dataplane/nat/burst.h"
#include "dataplane/nat/hold.h"
#include "dataplane/nat/left.h"
#include "dataplane/nat/opening.h"
#include "dataplane/nat/translator.h"

namespace sluice::nat {
namespace {

using fast_path::Columns;
using fast_path::Rest;

// A row whose packet begins a flow.
struct Opening {
    unsigned row;
    const Rule* rule;
    flow::FlowKey key;
    ipv4::Route route;
    const External* home;  // where its port will be; null where it needs none
    MappingId port;        // that it will get, as far as can be foreseen
    uint64_t hash;         // of what is fetched next: the mapping, then the way back
};

class Openings {
  public:
    Openings(Context& c, InterfaceId in, Columns& col) noexcept : c_(c), in_(in), col_(col) {}

    // False: the packet is for the plain way.
    bool add(unsigned row) noexcept;
    // To the plain way.
    void leave(unsigned row, Rest& rest) noexcept {
        left_.add(col_.frame[row], col_.packet[row]->data_len);
        gone_ |= uint64_t{1} << row;
        rest.add(col_.packet[row]);
    }
    void open_all(Rest& rest) noexcept;
    uint64_t gone() const noexcept { return gone_; }

  private:
    Question question_of(const Opening& o) const noexcept;
    struct Group {
        unsigned first, end;
    };
    void fetch_mappings(Group g, unsigned opened) noexcept;
    void fetch_the_rest(Group g) noexcept;
    void open(const Opening& o, Rest& rest) noexcept;

    Context& c_;
    InterfaceId in_;
    Columns& col_;
    Opening at_[burst_size];
    unsigned count_ = 0;
    uint64_t gone_ = 0;  // rows that do not leave by the fast way
    Left left_;
};

Question Openings::question_of(const Opening& o) const noexcept {
    return {.in = in_,
            .out = o.route.adjacency.interface,
            .source = {o.key.source.host()},
            .destination = {o.key.destination.host()},
            .source_port = o.key.source_port.host(),
            .destination_port = o.key.destination_port.host(),
            .protocol = o.key.protocol,
            .any_interface = false};
}

bool Openings::add(unsigned row) noexcept {
    const Rules& rules = *c_.plan->nat;
    Opening& o = at_[count_];
    o.row = row;
    o.key = key_of(col_.frame[row]);
    const net::Ipv4Address destination{o.key.destination.host()};
    const bool begins = o.key.protocol == net::Protocol::udp || is_syn(col_.frame[row]);
    if (!begins || left_.has(col_.frame[row]) || rules.is_external(destination) ||
        !take_route(c_, col_.next_hop[row], destination, col_.hash[row], o.route).is_passed()) {
        return false;
    }
    o.rule = rules.for_source(question_of(o));
    if (o.rule == nullptr) return true;
    // An ALG may have to look into the packet.
    if (o.rule->wish.algs != 0) return false;
    ++count_;
    return true;
}

PortRange range_of(const Rule& rule, uint32_t internal) noexcept {
    const auto block = rule.deterministic ? rule.deterministic->block_of(internal) : std::nullopt;
    return block ? block->ports : PortRange{rule.wish.first_port, rule.wish.last_port};
}

Wish wish_of(const Opening& o) noexcept {
    return {.port_class = class_of(o.key.protocol),
            .internal = {o.key.source.host(), o.key.source_port.host()},
            .address_index = o.home->number,
            .range = range_of(*o.rule, o.key.source.host()),
            .keep_parity = o.rule->wish.keep_parity != 0};
}

// How an answer would look on its arrival.
flow::FlowKey way_back(const Opening& o) noexcept {
    return turned(with_source(o.key, net::be32(o.home->address.value), net::be16(o.port.port())));
}

bool is_dependent(const Rule& rule) noexcept {
    return rule.wish.mapping == layout::NatMapping::endpoint_dependent;
}

// Where the host's port will be, and what says whether it has it already.
void Openings::fetch_mappings(Group g, unsigned opened) noexcept {
    const Mappings& mappings = c_.nat->shared().mappings;
    for (unsigned i = g.first; i < g.end; ++i) {
        Opening& o = at_[i];
        const auto externals = externals_of(*o.rule);
        o.home = nullptr;
        if (o.rule->wish.kind != NatKind::source || externals.empty()) continue;
        o.home = &externals[home_of(*c_.plan, *o.rule, o.route, {o.key.source.host()})];
        const Wish wish = wish_of(o);
        o.port = c_.nat->mapper().foresee(wish, i - opened);
        o.hash = mappings.index().hash(
            MappingKeys::key_of(wish.port_class, wish.internal, wish.address_index));
    }
    for (unsigned i = g.first; i < g.end; ++i) {
        if (at_[i].home == nullptr) continue;
        mappings.prefetch_bit(at_[i].port);
        mappings.index().prefetch(at_[i].hash);
    }
}

// What follows from the port: who has it, the way back, the remote's permission.
void Openings::fetch_the_rest(Group g) noexcept {
    const Shared& shared = c_.nat->shared();
    const flow::Index& index = c_.nat->index();
    for (unsigned i = g.first; i < g.end; ++i) {
        Opening& o = at_[i];
        if (o.home == nullptr) continue;
        const MappingId known =
            is_dependent(*o.rule) ? MappingId() : shared.mappings.index().guess(o.hash);
        o.port = known.exists() ? known : shared.mappings.prefetch_free(o.port);
        o.hash = index.hash(way_back(o));
    }
    for (unsigned i = g.first; i < g.end; ++i) {
        const Opening& o = at_[i];
        if (o.home == nullptr) continue;
        index.prefetch(o.hash);
        if (o.rule->wish.filtering == layout::NatFiltering::address_dependent) {
            shared.counts.prefetch(permission_key(o.port, {o.key.destination.host()}));
        }
    }
}

// Each step a group ahead of the next one, so that the memory is at work all the time; and not
// one by one, for no fetch overlaps with the locked instructions of an opening.
void Openings::open_all(Rest& rest) noexcept {
    constexpr unsigned a_group = 16;
    c_.nat->sessions().prefetch_places(count_);
    const auto group = [&](unsigned first) {
        return Group{std::min(first, count_), std::min(first + a_group, count_)};
    };
    for (unsigned at = 0; at < count_ + 2 * a_group; at += a_group) {
        fetch_mappings(group(at), at < 2 * a_group ? 0 : at - 2 * a_group);
        if (at >= a_group) fetch_the_rest(group(at - a_group));
        if (at < 2 * a_group) continue;
        const Group ready = group(at - 2 * a_group);
        for (unsigned i = ready.first; i < ready.end; ++i) open(at_[i], rest);
    }
}

void Openings::open(const Opening& o, Rest& rest) noexcept {
    // A packet of the same flow may have come before it in the burst.
    const flow::Index& index = c_.nat->index();
    const uint64_t hash = col_.key_hash[o.row];
    if (index.may_have(hash) && index.find(o.key, hash).exists()) return leave(o.row, rest);

    const Passage passage{.tuple = {.kind = Tuple::Kind::ports,
                                    .tcp_flags = tcp::syn,
                                    .transport = transport_at,
                                    .key = o.key},
                          .rule = o.rule->wish.id,
                          .redirection = {}};
    const Begun begun =
        begin_flow(c_, {passage, o.route, o.rule, *o.rule, flow::Direction::outbound});
    col_.flow[o.row] = begun.flow;
    if (begun.flow.exists()) return;
    // Another worker may have had a packet of the flow at the same time.
    if (index.find(o.key, hash).exists()) return leave(o.row, rest);
    gone_ |= uint64_t{1} << o.row;
    col_.refused[col_.refused_count++] = col_.packet[o.row];
    discard(c_, Packet(col_.packet[o.row]), {in_, false}, begun.verdict);
}

// Of the columns that resolve() has filled.
void move_whole_row(Columns& col, unsigned from, unsigned to) noexcept {
    move_row(col, from, to);
    if (col.some_enter) col.tunnel[to] = col.tunnel[from];
    col.flow[to] = col.flow[from];
    col.mac[to] = col.mac[from];
    col.out[to] = col.out[from];
}

unsigned close_up(Columns& col, unsigned n, uint64_t gone) noexcept {
    unsigned kept = 0;
    for (unsigned i = 0; i < n; ++i) {
        if ((gone >> i & 1) == 0) move_whole_row(col, i, kept++);
    }
    return kept;
}

}  // namespace

unsigned open_flows(Context& c, InterfaceId in, Columns& col, unsigned n, Rest& rest) noexcept {
    Openings openings(c, in, col);
    for (uint64_t left = col.begins; left != 0; left &= left - 1) {
        const auto row = static_cast<unsigned>(std::countr_zero(left));
        if (!openings.add(row)) openings.leave(row, rest);
    }
    openings.open_all(rest);
    return openings.gone() == 0 ? n : close_up(col, n, openings.gone());
}

}  // namespace sluice::nat
