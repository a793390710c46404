// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/igmp/receive.h"

#include <optional>
#include <span>

#include "dataplane/igmp/querier.h"
#include "dataplane/igmp/send.h"
#include "dataplane/multicast/groups.h"
#include "lib/net/checksum.h"

namespace sluice::igmp {
namespace {

using multicast::Groups;
using multicast::Joined;

constexpr uint32_t messages_per_second = 500;  // and interface
constexpr uint64_t told_again_ns = 10 * second_ns;
using Bytes = std::span<const uint8_t>;

template <typename Header>
const Header* header_in(Bytes bytes, size_t offset = 0) noexcept {
    if (bytes.size() < sizeof(Header) || offset > bytes.size() - sizeof(Header)) return nullptr;
    return reinterpret_cast<const Header*>(bytes.data() + offset);
}

// The message, if it is there whole and true (RFC 3376 4: sent with a time to live of 1).
Bytes message_in(const Packet& packet) noexcept {
    const net::Ipv4Header& ip = packet.ipv4();
    if (ip.ttl != 1 || ip.is_fragment() || packet.length() != packet.contiguous()) return {};
    const Bytes bytes(packet.data() + ethernet_header + ip.header_length(),
                      ip.total_length.host() - ip.header_length());
    const bool is_true =
        bytes.size() >= sizeof(Message) && net::checksum_holds(bytes.data(), bytes.size());
    return is_true ? bytes : Bytes{};
}

// RFC 3376 4.2.13, 9: from a host of this network, or one that has no address yet.
bool may_have_sent(const Context& c, net::Ipv4Address source, InterfaceId interface) noexcept {
    if (c.plan->is_own(interface, source)) return false;
    return source.is_unspecified() || layout::is_tunnel(interface) ||
           c.plan->is_on_link(interface, source);
}

// One message's work.
class Hearing {
  public:
    Hearing(Context& c, const net::Ipv4Header& ip, InterfaceId interface) noexcept
        : c_(c), ip_(ip), interface_(interface) {}
    Verdict hear(Bytes message) noexcept;

  private:
    const layout::Multicast& all() const noexcept { return c_.plan->multicast; }
    net::Ipv4Address destination() const noexcept { return ip_.destination_address(); }
    Verdict hear_query(Bytes message) noexcept;
    Verdict hear_report(Bytes message, uint8_t version) noexcept;
    Verdict hear_leave(Bytes message) noexcept;
    Verdict hear_records(Bytes message) noexcept;
    Verdict hear_record(const RecordHeader& record) noexcept;
    Verdict join(net::Ipv4Address group, uint8_t version) noexcept;
    void leave(net::Ipv4Address group) noexcept;
    void tell_on(net::Ipv4Address group, bool is_news) noexcept;
    bool shorten(net::Ipv4Address group) noexcept;

    Context& c_;
    const net::Ipv4Header& ip_;
    InterfaceId interface_;
};

// RFC 3376 7.1, 7.2: the version by length. An address that is no group's is nobody's question.
Verdict Hearing::hear_query(Bytes message) noexcept {
    const net::Ipv4Address group{header_in<Message>(message)->group.host()};
    if (message.size() != sizeof(Message) && message.size() < sizeof(Message) + sizeof(QueryRest)) {
        return drop(DropReason::igmp_malformed);
    }
    if (!group.is_unspecified() && !group.is_multicast()) return drop(DropReason::igmp_malformed);
    const bool yields = yield_to(c_, interface_, ip_.source_address());
    // RFC 2236 3: when the one who asks doubts that anybody stays, so do we.
    if (yields && !group.is_unspecified()) shorten(group);
    auto& answered = c_.multicast->links[interface_].answered_ns;
    uint64_t last = answered.load(std::memory_order_relaxed);
    const bool may_answer = layout::is_tunnel(interface_) && c_.now_ns >= last + second_ns;
    if (may_answer && answered.compare_exchange_strong(last, c_.now_ns)) {
        tell_all(c_, interface_);
    }
    return finished();
}

Verdict Hearing::hear_report(Bytes message, uint8_t version) noexcept {
    const net::Ipv4Address group{header_in<Message>(message)->group.host()};
    if (message.size() != sizeof(Message) || !group.is_multicast() || group != destination()) {
        return drop(DropReason::igmp_malformed);
    }
    return join(group, version);
}

// RFC 2236 2.3, 9: to all routers, or, of some old hosts, to the group.
Verdict Hearing::hear_leave(Bytes message) noexcept {
    const net::Ipv4Address group{header_in<Message>(message)->group.host()};
    const bool for_us = destination() == all_routers || destination() == group;
    if (message.size() != sizeof(Message) || !group.is_multicast() || !for_us) {
        return drop(DropReason::igmp_malformed);
    }
    leave(group);
    return finished();
}

// The record at an offset, and where the next one begins; none where it is not whole.
const RecordHeader* record_at(Bytes message, size_t& offset) noexcept {
    const auto* record = header_in<RecordHeader>(message, offset);
    if (record == nullptr) return nullptr;
    const size_t words = size_t{record->source_count.host()} + record->auxiliary_words;
    offset += sizeof *record + 4 * words;
    const bool is_group = net::Ipv4Address{record->group.host()}.is_multicast();
    return offset <= message.size() && is_group ? record : nullptr;
}

// All records are shown to be whole before one of them is believed.
Verdict Hearing::hear_records(Bytes message) noexcept {
    const auto* header = header_in<ReportHeader>(message);
    const unsigned count = header->record_count.host();
    size_t at = sizeof *header;
    for (unsigned i = 0; i < count; ++i) {
        if (record_at(message, at) == nullptr) return drop(DropReason::igmp_malformed);
    }
    if (destination() != all_v3_routers) return drop(DropReason::igmp_malformed);
    Verdict all_noted = finished();
    at = sizeof *header;
    for (unsigned i = 0; i < count; ++i) {
        const Verdict v = hear_record(*record_at(message, at));
        if (v.is_drop()) all_noted = v;
    }
    return all_noted;
}

// RFC 3376 4.2.12, 6.4, as far as sources are all alike: other types are ignored.
Verdict Hearing::hear_record(const RecordHeader& record) noexcept {
    const net::Ipv4Address group{record.group.host()};
    const bool names_sources = record.source_count.host() > 0;
    switch (record.type) {
        case RecordType::is_exclude:
        case RecordType::to_exclude: return join(group, 3);
        case RecordType::is_include:
        case RecordType::allow_new: return names_sources ? join(group, 3) : finished();
        case RecordType::to_include:
            if (names_sources) return join(group, 3);
            leave(group);
            return finished();
        case RecordType::block_old: leave(group); return finished();
    }
    return finished();
}

Verdict Hearing::join(net::Ipv4Address group, uint8_t version) noexcept {
    if (multicast::is_of_one_link(group)) return finished();
    const auto& wish = all().interfaces[c_.interface(interface_).multicast - 1];
    const Joined joined = Groups(*c_.multicast)
                              .join({group, ip_.source_address(), interface_, version,
                                     c_.now_ns + membership_ns(all())},
                                    {all().max_groups, wish.max_groups});
    if (joined == Joined::no_room) return drop(DropReason::igmp_groups_full);
    if (joined == Joined::no_room_by_interface) return drop(DropReason::igmp_interface_full);
    c_.tally(layout::Tally::igmp_reports_heard);
    tell_on(group, joined == Joined::anew);
    return finished();
}

// What is no news is told now and then, so that the other end goes on to believe it.
void Hearing::tell_on(net::Ipv4Address group, bool is_news) noexcept {
    auto* joined = Groups(*c_.multicast).find(group);
    if (joined == nullptr) return;
    uint64_t told = joined->told_ns.load(std::memory_order_relaxed);
    if (!is_news && c_.now_ns < told + told_again_ns) return;
    if (joined->told_ns.compare_exchange_strong(told, c_.now_ns)) {
        tell_joined(c_, group, interface_);
    }
}

// False where nobody was a member, or is still one though others leave.
bool Hearing::shorten(net::Ipv4Address group) noexcept {
    constexpr uint8_t no_leaves =
        1;  // RFC 2236 4: version 1 knows none, and hears no such question
    layout::Membership* member = Groups(*c_.multicast).member(group, interface_);
    if (member == nullptr || member->version.load(std::memory_order_relaxed) == no_leaves ||
        member->leaving.exchange(1, std::memory_order_relaxed) != 0) {
        return false;
    }
    const uint64_t patience = layout::is_tunnel(interface_) ? 1 : last_member_ns(all());
    const uint64_t until = member->until_ns.load(std::memory_order_relaxed);
    member->until_ns.store(std::min(until, c_.now_ns + patience), std::memory_order_relaxed);
    return true;
}

// RFC 3376 6.4.2: the others are asked whether they stay, by the one who has the right to ask. At
// the other end of a tunnel there is nobody else.
void Hearing::leave(net::Ipv4Address group) noexcept {
    if (!layout::is_tunnel(interface_) && !may_ask(c_, interface_)) return;
    if (shorten(group) && !layout::is_tunnel(interface_)) send_query(c_, interface_, group);
}

Verdict Hearing::hear(Bytes message) noexcept {
    switch (message[0]) {
        case query_type: return hear_query(message);
        case v1_report_type: return hear_report(message, 1);
        case v2_report_type: return hear_report(message, 2);
        case v3_report_type: return hear_records(message);
        case leave_type: return hear_leave(message);
        default: return drop(DropReason::igmp_ignored);
    }
}

}  // namespace

Verdict receive(Context& c, Packet packet, const Arrival& arrival) noexcept {
    const unsigned place = c.interface(arrival.interface).multicast;
    if (place == 0) return drop(DropReason::group_not_joined);
    if (!c.igmp_messages[place - 1].take(c.now_ns, messages_per_second)) {
        return drop(DropReason::igmp_limited);
    }
    const Bytes message = message_in(packet);
    if (message.empty()) return drop(DropReason::igmp_malformed);
    const net::Ipv4Header& ip = packet.ipv4();
    if (!may_have_sent(c, ip.source_address(), arrival.interface)) {
        return drop(DropReason::igmp_bad_sender);
    }
    const Verdict v = Hearing(c, ip, arrival.interface).hear(message);
    if (!v.is_drop()) c.pool.free(packet);
    return v;
}

}  // namespace sluice::igmp
