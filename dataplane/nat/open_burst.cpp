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

// A row whose packet begins a flow.
struct Opening {
    unsigned row;
    const Rule* rule;
    flow::FlowKey key;
    unsigned home;  // place among the rule's external addresses
    bool needs_port;
    Foreseen foreseen;  // if so
    MappingId port;     // that it will nearly always get
};

class Openings {
  public:
    Openings(Context& c, InterfaceId in, Columns& col) noexcept : c_(c), in_(in), col_(col) {}

    // False: the packet is for the plain way.
    bool add(unsigned row) noexcept;
    // To the plain way.
    void leave(unsigned row) noexcept {
        left_.add(col_.frame[row], col_.packet[row]->data_len);
        gone_ |= uint64_t{1} << row;
    }
    void open_all() noexcept;
    uint64_t gone() const noexcept { return gone_; }

  private:
    Question question_of(const Opening& o) const noexcept;
    unsigned home_of(const Opening& o) const noexcept;
    struct Group {
        unsigned first, end;
    };
    void fetch_mappings(Group g, unsigned opened) noexcept;
    void fetch_the_rest(Group g) noexcept;
    void open(const Opening& o) noexcept;

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
            .out = col_.out[o.row],
            .source = {o.key.source.host()},
            .destination = {o.key.destination.host()},
            .source_port = o.key.source_port.host(),
            .destination_port = o.key.destination_port.host(),
            .protocol = o.key.protocol,
            .any_interface = false};
}

// Only rules to an interface ask for the route, which resolve() has found good.
unsigned Openings::home_of(const Opening& o) const noexcept {
    const net::Ipv4Address destination{o.key.destination.host()};
    ipv4::Route route;
    if (o.rule->wish.to_interface != 0 &&
        !take_route(c_, col_.next_hop[o.row], destination, col_.hash[o.row], route).is_passed()) {
        return 0;
    }
    return nat::home_of(*c_.plan, *o.rule, route, {o.key.source.host()});
}

bool Openings::add(unsigned row) noexcept {
    const Rules& rules = *c_.plan->nat;
    Opening& o = at_[count_];
    o.row = row;
    o.key = key_of(col_.frame[row]);
    const bool begins = o.key.protocol == net::Protocol::udp || is_syn(col_.frame[row]);
    if (!begins || left_.has(col_.frame[row]) || rules.is_external({o.key.destination.host()})) {
        return false;
    }
    o.rule = rules.for_source(question_of(o));
    if (o.rule == nullptr) return true;
    // An ALG may have to look into the packet.
    if (o.rule->wish.algs != 0) return false;
    o.home = home_of(o);
    o.needs_port = o.rule->wish.kind == NatKind::source && !o.rule->externals.empty();
    ++count_;
    return true;
}

// How an answer would look on its arrival.
flow::FlowKey way_back(const Opening& o) noexcept {
    const External& home = o.rule->externals[o.home];
    return turned(with_source(o.key, net::be32(home.address.value), net::be16(o.port.port())));
}

bool is_dependent(const Rule& rule) noexcept {
    return rule.wish.mapping == layout::NatMapping::endpoint_dependent;
}

// Where the host's port will be, and what says whether it has it already. What is to be fetched is
// asked for in a loop of its own, here and below: these lines are on pages all over, and walks
// through page tables overlap only where they are asked for close together.
void Openings::fetch_mappings(Group g, unsigned opened) noexcept {
    const Mappings& mappings = c_.nat->shared().mappings;
    for (unsigned i = g.first; i < g.end; ++i) {
        Opening& o = at_[i];
        if (!o.needs_port) continue;
        const Endpoint internal{o.key.source.host(), o.key.source_port.host()};
        const Wish wish =
            wish_of(*o.rule, class_of(o.key.protocol), internal, o.rule->externals[o.home]);
        o.foreseen = c_.nat->mapper().foresee(wish, i - opened);
    }
    for (unsigned i = g.first; i < g.end; ++i) {
        if (!at_[i].needs_port) continue;
        mappings.prefetch(at_[i].foreseen.port);
        mappings.index().prefetch(at_[i].foreseen.hash);
    }
}

// What follows from the port: who has it, the way back, the remote's permission.
void Openings::fetch_the_rest(Group g) noexcept {
    const Shared& shared = c_.nat->shared();
    const flow::Index& index = c_.nat->index();
    for (unsigned i = g.first; i < g.end; ++i) {
        Opening& o = at_[i];
        if (!o.needs_port) continue;
        o.port = {};
        if (!is_dependent(*o.rule)) o.port = shared.mappings.index().guess(o.foreseen.hash);
        if (!o.port.exists()) o.port = shared.mappings.prefetch_free(o.foreseen.port);
    }
    for (unsigned i = g.first; i < g.end; ++i) {
        const Opening& o = at_[i];
        if (!o.needs_port) continue;
        index.prefetch(index.hash(way_back(o)));
        if (o.rule->wish.filtering == layout::NatFiltering::address_dependent) {
            shared.counts.prefetch(permission_key(o.port, {o.key.destination.host()}));
        }
    }
}

// Each step a group ahead of the next one, so that the memory is at work all the time; and not
// one by one, for no fetch overlaps with the locked instructions of an opening.
void Openings::open_all() noexcept {
    constexpr unsigned a_group = 8;
    c_.nat->sessions().prefetch_places(count_);
    const auto group = [&](unsigned first) {
        return Group{std::min(first, count_), std::min(first + a_group, count_)};
    };
    for (unsigned at = 0; at < count_ + 2 * a_group; at += a_group) {
        fetch_mappings(group(at), at < 2 * a_group ? 0 : at - 2 * a_group);
        if (at >= a_group) fetch_the_rest(group(at - a_group));
        if (at < 2 * a_group) continue;
        const Group ready = group(at - 2 * a_group);
        for (unsigned i = ready.first; i < ready.end; ++i) open(at_[i]);
    }
}

void Openings::open(const Opening& o) noexcept {
    // A packet of the same flow may have come before it in the burst.
    const flow::Index& index = c_.nat->index();
    const uint64_t hash = col_.key_hash[o.row];
    if (index.may_have(hash) && index.find(o.key, hash).exists()) return leave(o.row);

    const Passage passage{.tuple = {.kind = Tuple::Kind::ports,
                                    .tcp_flags = tcp::syn,
                                    .transport = transport_at,
                                    .key = o.key},
                          .rule = o.rule->wish.id,
                          .redirection = {}};
    // Where ports come in blocks, another one is asked for than was foreseen.
    const bool foreseen = o.needs_port && o.rule->blocks == nullptr;
    const Begun begun = begin_flow(c_, {.passage = passage,
                                        .hash = hash,
                                        .source = o.rule,
                                        .home = {o.home, foreseen ? &o.foreseen : nullptr},
                                        .rule = *o.rule,
                                        .direction = flow::Direction::outbound});
    col_.flow[o.row] = begun.flow;
    if (begun.flow.exists()) return;
    // Another worker may have had a packet of the flow at the same time.
    if (index.find(o.key, hash).exists()) return leave(o.row);
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

unsigned open_flows(Context& c, InterfaceId in, Columns& col, unsigned n) noexcept {
    Openings openings(c, in, col);
    for (uint64_t left = col.begins; left != 0; left &= left - 1) {
        const auto row = static_cast<unsigned>(std::countr_zero(left));
        if (!openings.add(row)) openings.leave(row);
    }
    openings.open_all();
    return openings.gone() == 0 ? n : close_up(col, n, openings.gone());
}

}  // namespace sluice::nat
