// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/nat/fragments.h"

#include <algorithm>
#include <utility>

#include "dataplane/discard.h"
#include "dataplane/nat/rewrite.h"
#include "dataplane/nat/translator.h"
#include "dataplane/pipeline.h"

namespace sluice::nat {

Fragments::Key Fragments::key_of(const net::Ipv4Header& ip) noexcept {
    constexpr uint64_t in_use = uint64_t{1} << 63;
    return {static_cast<uint64_t>(ip.source.raw()) << 32 | ip.destination.raw(),
            in_use | static_cast<uint64_t>(ip.identification.raw()) << 8 | ip.protocol};
}

// Where all places are taken, the oldest goes.
unsigned Fragments::place_for(Context& c) noexcept {
    const auto free = std::ranges::find(keys_, Key{});
    if (free != keys_.end()) return static_cast<unsigned>(free - keys_.begin());
    const auto oldest = std::ranges::min_element(since_ns_);
    const auto place = static_cast<unsigned>(oldest - since_ns_.begin());
    end(c, place, DropReason::nat_fragments_full);
    return place;
}

unsigned Fragments::find_or_begin(Context& c, const net::Ipv4Header& ip) noexcept {
    const Key key = key_of(ip);
    const auto known = std::ranges::find(keys_, key);
    if (known != keys_.end()) return static_cast<unsigned>(known - keys_.begin());
    const unsigned place = place_for(c);
    keys_[place] = key;
    since_ns_[place] = c.now_ns;
    datagrams_[place].first_seen = datagrams_[place].translated = false;
    ++known_;
    return place;
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
    Datagram& d = datagrams_[find_or_begin(c, packet.ipv4())];
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
    const unsigned place = find_or_begin(c, first);
    Datagram& d = datagrams_[place];
    d.first_seen = true;
    d.translated = flow.exists();
    d.flow = flow;
    if (d.translated) {
        d.generation = static_cast<uint32_t>(flow::Session::generation_of(
            c.nat->session(flow).commit.load(std::memory_order_acquire)));
    }
    if (d.held > 0) to_release_.set(place);
}

// They find their datagram again, and its first fragment seen.
void Fragments::send_rest(Context& c, Datagram& d) noexcept {
    const unsigned count = std::exchange(d.held, 0);
    held_ -= count;
    for (unsigned i = 0; i < count; ++i) {
        run_plain(c, d.packets[i].arrival.interface, d.packets[i].packet);
    }
}

void Fragments::release(Context& c) noexcept {
    if (to_release_.none()) return;
    for (unsigned place = 0; place < max_datagrams; ++place) {
        if (!to_release_[place]) continue;
        to_release_.reset(place);
        send_rest(c, datagrams_[place]);
    }
}

void Fragments::end(Context& c, unsigned place, DropReason why) noexcept {
    Datagram& d = datagrams_[place];
    for (unsigned i = 0; i < d.held; ++i) {
        discard(c, d.packets[i].packet, d.packets[i].arrival, drop(why));
    }
    held_ -= std::exchange(d.held, 0);
    to_release_.reset(place);
    keys_[place] = {};
    --known_;
}

void Fragments::tick(Context& c) noexcept {
    release(c);
    const uint64_t patience = uint64_t{c.plan->nat->settings().fragment_s} * 1'000'000'000;
    for (unsigned place = 0; place < max_datagrams; ++place) {
        if (keys_[place] != Key{} && c.now_ns - since_ns_[place] > patience) {
            end(c, place, DropReason::nat_fragment_timeout);
        }
    }
}

void Fragments::clear(PacketPool& pool) noexcept {
    for (Datagram& d : datagrams_) {
        for (unsigned i = 0; i < d.held; ++i) pool.free(d.packets[i].packet);
        d.held = 0;
    }
    keys_ = {};
    to_release_.reset();
    known_ = held_ = 0;
}

}  // namespace sluice::nat
