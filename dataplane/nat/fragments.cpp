// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/nat/fragments.h"

#include <utility>

#include "dataplane/discard.h"
#include "dataplane/nat/rewrite.h"
#include "dataplane/nat/translator.h"
#include "dataplane/pipeline.h"

namespace sluice::nat {
namespace {

uint64_t addresses_of(const net::Ipv4Header& ip) noexcept {
    return static_cast<uint64_t>(ip.source.raw()) << 32 | ip.destination.raw();
}
uint32_t id_and_protocol_of(const net::Ipv4Header& ip) noexcept {
    return static_cast<uint32_t>(ip.identification.raw()) << 8 | ip.protocol;
}

}  // namespace

bool Fragments::is(const Datagram& d, const net::Ipv4Header& ip) noexcept {
    return d.in_use && d.addresses == addresses_of(ip) &&
           d.id_and_protocol == id_and_protocol_of(ip);
}

Fragments::Datagram* Fragments::find(const net::Ipv4Header& ip) noexcept {
    for (Datagram& d : datagrams_) {
        if (is(d, ip)) return &d;
    }
    return nullptr;
}

// Where all places are taken, the oldest goes.
Fragments::Datagram& Fragments::find_or_begin(Context& c, const net::Ipv4Header& ip) noexcept {
    if (Datagram* known = find(ip)) return *known;
    Datagram* place = &datagrams_[0];
    for (Datagram& d : datagrams_) {
        if (!d.in_use) {
            place = &d;
            break;
        }
        if (d.since_ns < place->since_ns) place = &d;
    }
    if (place->in_use) end(c, *place, DropReason::nat_fragments_full);
    place->addresses = addresses_of(ip);
    place->id_and_protocol = id_and_protocol_of(ip);
    place->in_use = true;
    place->first_seen = place->translated = false;
    place->since_ns = c.now_ns;
    ++known_;
    return *place;
}

bool Fragments::rewrite_like_first(Context& c, const Datagram& d, Packet packet, const Tuple& tuple,
                                   Arrival& arrival) noexcept {
    if (!d.translated) return true;
    const flow::Session& session = c.nat->session(d.flow);
    const uint64_t commit = session.commit.load(std::memory_order_acquire);
    if (flow::Session::condition_of(commit) != flow::Condition::live ||
        static_cast<uint32_t>(flow::Session::generation_of(commit)) != d.generation) {
        return false;
    }
    rewrite(packet, tuple, session, d.flow.direction());
    arrival.translated = true;
    return true;
}

Verdict Fragments::follow(Context& c, Packet packet, const Tuple& tuple,
                          Arrival& arrival) noexcept {
    const net::Ipv4Header& ip = packet.ipv4();
    Datagram& d = find_or_begin(c, ip);
    if (d.first_seen) {
        return rewrite_like_first(c, d, packet, tuple, arrival) ? passed()
                                                                : drop(DropReason::nat_no_session);
    }
    if (d.held == held_each || held_ == max_held) return drop(DropReason::nat_fragments_full);
    d.packets[d.held++] = {packet, arrival};
    ++held_;
    return finished();
}

void Fragments::lead(Context& c, const net::Ipv4Header& first, flow::Flow flow) noexcept {
    Datagram& d = find_or_begin(c, first);
    d.first_seen = true;
    d.translated = flow.exists();
    d.flow = flow;
    if (d.translated) {
        d.generation = static_cast<uint32_t>(flow::Session::generation_of(
            c.nat->session(flow).commit.load(std::memory_order_acquire)));
    }
    to_release_ = to_release_ || d.held > 0;
}

void Fragments::release(Context& c) noexcept {
    if (!to_release_) return;
    to_release_ = false;
    for (Datagram& d : datagrams_) {
        if (!d.in_use || !d.first_seen || d.held == 0) continue;
        const unsigned count = std::exchange(d.held, 0);
        held_ -= count;
        // They find their datagram again, and its first fragment seen.
        for (unsigned i = 0; i < count; ++i) {
            run_plain(c, d.packets[i].arrival.interface, d.packets[i].packet);
        }
    }
}

void Fragments::end(Context& c, Datagram& d, DropReason why) noexcept {
    for (unsigned i = 0; i < d.held; ++i) {
        discard(c, d.packets[i].packet, d.packets[i].arrival, drop(why));
    }
    held_ -= std::exchange(d.held, 0);
    d.in_use = false;
    --known_;
}

void Fragments::tick(Context& c) noexcept {
    release(c);
    const uint64_t patience = uint64_t{c.plan->nat->settings().fragment_s} * 1'000'000'000;
    for (Datagram& d : datagrams_) {
        if (d.in_use && c.now_ns - d.since_ns > patience) {
            end(c, d, DropReason::nat_fragment_timeout);
        }
    }
}

void Fragments::clear(PacketPool& pool) noexcept {
    for (Datagram& d : datagrams_) {
        for (unsigned i = 0; i < d.held; ++i) pool.free(d.packets[i].packet);
        d.held = 0;
        d.in_use = false;
    }
    known_ = held_ = 0;
}

}  // namespace sluice::nat
