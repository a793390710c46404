// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/ipv4/reassemble.h"

#include <algorithm>

#include "dataplane/discard.h"
#include "lib/net/checksum.h"

namespace sluice::ipv4 {
namespace {

constexpr uint32_t largest_packet = 65535;

uint64_t addresses_of(const net::Ipv4Header& ip) noexcept {
    return static_cast<uint64_t>(ip.source.raw()) << 32 | ip.destination.raw();
}
uint32_t id_and_protocol_of(const net::Ipv4Header& ip) noexcept {
    return static_cast<uint32_t>(ip.identification.raw()) << 8 | ip.protocol;
}

}  // namespace

Verdict Reassembler::add(Context& c, Packet fragment, const Arrival& arrival,
                         Packet& whole) noexcept {
    const net::Ipv4Header& ip = fragment.ipv4();
    const Fragment f{fragment, ip.fragment_offset(), ip.total_length.host() - ip.header_length()};
    // All but the last carry whole words of eight bytes (RFC 791 3.2).
    const bool misshapen = f.length == 0 || (ip.more_fragments() && f.length % 8 != 0) ||
                           f.offset + f.length + ip.header_length() > largest_packet;
    if (misshapen) return drop(DropReason::fragment_malformed);

    Partial* p = find(ip);
    if (p == nullptr) p = &begin(c, ip, arrival);
    if (p->count == max_fragments) return drop(DropReason::reassembly_full);
    if (fragments_ == max_fragments_total) forget_oldest(c, p);
    const uint32_t end = f.offset + f.length;
    const bool past_the_end = p->total != 0 && end > p->total;
    const bool second_end = !ip.more_fragments() && p->total != 0 && end != p->total;
    if (past_the_end || second_end || !insert(*p, f)) {
        forget(c, *p, DropReason::fragment_malformed);
        return drop(DropReason::fragment_malformed);
    }
    if (!ip.more_fragments()) p->total = end;
    if (p->total != 0 && !may_become_whole(*p)) {
        forget(c, *p, DropReason::fragment_malformed);
        return finished();  // this one is among the forgotten
    }
    if (p->total == 0 || p->received < p->total) return finished();
    whole = join(*p);
    c.tally(layout::Tally::packets_reassembled);
    return passed();
}

Reassembler::Partial* Reassembler::find(const net::Ipv4Header& ip) noexcept {
    for (Partial& p : partials_) {
        if (p.count > 0 && p.addresses == addresses_of(ip) &&
            p.id_and_protocol == id_and_protocol_of(ip)) {
            return &p;
        }
    }
    return nullptr;
}

Reassembler::Partial& Reassembler::begin(Context& c, const net::Ipv4Header& ip,
                                         const Arrival& arrival) noexcept {
    const auto is_free = [](const Partial& p) { return p.count == 0; };
    auto free = std::find_if(partials_.begin(), partials_.end(), is_free);
    if (free == partials_.end()) {
        forget_oldest(c, nullptr);
        free = std::find_if(partials_.begin(), partials_.end(), is_free);
    }
    free->addresses = addresses_of(ip);
    free->id_and_protocol = id_and_protocol_of(ip);
    free->received = 0;
    free->total = 0;
    free->since_ns = c.now_ns;
    free->arrival = arrival;
    return *free;
}

// A packet that will never be complete must not keep others out: the oldest makes room.
void Reassembler::forget_oldest(Context& c, const Partial* but) noexcept {
    Partial* oldest = nullptr;
    for (Partial& p : partials_) {
        if (p.count == 0 || &p == but) continue;
        if (oldest == nullptr || p.since_ns < oldest->since_ns) oldest = &p;
    }
    if (oldest != nullptr) forget(c, *oldest, DropReason::reassembly_full);
}

// In its place by offset; false when it overlaps another.
bool Reassembler::insert(Partial& p, const Fragment& f) noexcept {
    unsigned at = p.count;
    while (at > 0 && p.fragments[at - 1].offset > f.offset) --at;
    if (at > 0 && p.fragments[at - 1].offset + p.fragments[at - 1].length > f.offset) return false;
    if (at < p.count && f.offset + f.length > p.fragments[at].offset) return false;
    std::move_backward(p.fragments.begin() + at, p.fragments.begin() + p.count,
                       p.fragments.begin() + p.count + 1);
    p.fragments[at] = f;
    p.received += f.length;
    ++p.count;
    ++fragments_;
    return true;
}

// What only all of the fragments tell: none lies beyond the end, which may have come after it,
// and the first one's header, which may be the longest, does not make the packet too long.
bool Reassembler::may_become_whole(const Partial& p) noexcept {
    const Fragment &first = p.fragments[0], &last = p.fragments[p.count - 1];
    const uint32_t header = first.offset == 0 ? first.packet.ipv4().header_length() : 0;
    return last.offset + last.length <= p.total && header + p.total <= largest_packet;
}

Packet Reassembler::join(Partial& p) noexcept {
    Packet whole = p.fragments[0].packet;
    for (unsigned i = 1; i < p.count; ++i) {
        Packet next = p.fragments[i].packet;
        next.pull(ethernet_header + next.ipv4().header_length());
        whole.chain(next);
    }
    net::Ipv4Header& ip = whole.ipv4();
    ip.total_length = net::be16(static_cast<uint16_t>(ip.header_length() + p.total));
    ip.flags_and_offset = net::be16(0);
    net::fill_checksum(ip);
    fragments_ -= p.count;
    p.count = 0;
    return whole;
}

void Reassembler::forget(Context& c, Partial& p, DropReason why) noexcept {
    // Only a first fragment says who sent what, so only about that one is the source told.
    for (unsigned i = 0; i < p.count; ++i) discard(c, p.fragments[i].packet, p.arrival, drop(why));
    fragments_ -= p.count;
    p.count = 0;
}

void Reassembler::tick(Context& c) noexcept {
    for (Partial& p : partials_) {
        if (p.count > 0 && c.now_ns - p.since_ns >= timeout_ns) {
            forget(c, p, DropReason::reassembly_timeout);
        }
    }
}

void Reassembler::clear(PacketPool& pool) noexcept {
    for (Partial& p : partials_) {
        for (unsigned i = 0; i < p.count; ++i) pool.free(p.fragments[i].packet);
        p.count = 0;
    }
    fragments_ = 0;
}

}  // namespace sluice::ipv4
