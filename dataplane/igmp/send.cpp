// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/igmp/send.h"

#include <array>

#include "dataplane/discard.h"
#include "dataplane/igmp/querier.h"
#include "dataplane/ipv4/output.h"
#include "dataplane/multicast/groups.h"
#include "lib/net/checksum.h"

namespace sluice::igmp {
namespace {

using multicast::Groups;
using multicast::MulticastGroup;

constexpr uint8_t internetwork_control = 0xc0;
constexpr uint32_t router_alert = 0x94040000;  // RFC 2113
constexpr uint32_t header_bytes = sizeof(net::Ipv4Header) + sizeof router_alert;
constexpr uint32_t message_at = ethernet_header + header_bytes;
constexpr uint32_t records_at_most = 160;  // of 8 bytes: fits the least MTU that Ethernet has
constexpr uint64_t no_place = 0;

using Records = std::array<RecordHeader, records_at_most>;

// RFC 3376 4: time to live 1, internetwork control, and Router Alert. Takes the packet, whose
// message lies ready at message_at.
void send_on(Context& c, Packet packet, InterfaceId interface, net::Ipv4Address to) noexcept {
    const auto source = c.plan->source_towards(interface, to);
    packet.ethernet().type = net::be16(static_cast<uint16_t>(net::EtherType::ipv4));
    net::Ipv4Header& ip = packet.ipv4();
    ip = {0x46,
          internetwork_control,
          net::be16(static_cast<uint16_t>(packet.length() - ethernet_header)),
          net::be16(c.next_identification++),
          net::be16(0),
          1,
          static_cast<uint8_t>(net::Protocol::igmp),
          net::be16(0),
          net::be32(source ? source->value : 0),
          net::be32(to.value)};
    *packet.header_at<net::Be32>(ethernet_header + sizeof ip) = net::be32(router_alert);
    ip.checksum = net::checksum_of(net::sum_words(&ip, header_bytes));

    ipv4::Route route;
    route.adjacency.interface = interface;
    route.adjacency.kind = NextHopKind::connected;
    route.next_hop = to;
    const Verdict v = ipv4::output(c, packet, Arrival{}, route);
    if (v.is_drop()) discard(c, packet, Arrival{}, v);
}

void send_records(Context& c, InterfaceId interface, const RecordHeader* records,
                  uint32_t count) noexcept {
    Packet packet = c.interface(interface).up ? c.pool.allocate() : Packet();
    if (!packet) return;
    const uint32_t bytes = count * static_cast<uint32_t>(sizeof *records);
    packet.set_length(message_at + static_cast<uint32_t>(sizeof(ReportHeader)) + bytes);
    auto& report = *packet.header_at<ReportHeader>(message_at);
    report = {v3_report_type, 0, net::be16(0), net::be16(0),
              net::be16(static_cast<uint16_t>(count))};
    std::memcpy(packet.data() + message_at + sizeof report, records, bytes);
    report.checksum = net::checksum_of(net::sum_words(&report, sizeof report + bytes));
    c.tally(layout::Tally::igmp_reports_sent);
    send_on(c, packet, interface, all_v3_routers);
}

constexpr RecordHeader record_of(RecordType type, net::Ipv4Address group) noexcept {
    return {type, 0, net::be16(0), net::be32(group.value)};
}

uint64_t place_bit(const Context& c, InterfaceId interface) noexcept {
    const unsigned place = c.interface(interface).multicast;
    return place == 0 ? no_place : uint64_t{1} << (place - 1);
}

uint64_t members_of(const Context& c, const MulticastGroup& group) noexcept {
    return Groups::members(group, c.now_ns, [&](InterfaceId i) { return place_bit(c, i); });
}

template <typename Action>
void for_each_tunnel(const Context& c, InterfaceId but, Action&& action) noexcept {
    const layout::Multicast& all = c.plan->multicast;
    for (uint32_t i = 0; i < all.interface_count; ++i) {
        const InterfaceId id = all.interfaces[i].interface;
        if (layout::is_tunnel(id) && id != but) action(id);
    }
}

}  // namespace

void send_query(Context& c, InterfaceId interface, net::Ipv4Address group) noexcept {
    if (!may_ask(c, interface)) return;
    Packet packet = c.interface(interface).up ? c.pool.allocate() : Packet();
    if (!packet) return;
    const layout::Multicast& all = c.plan->multicast;
    const bool general = group.is_unspecified();
    packet.set_length(message_at + sizeof(Message) + sizeof(QueryRest));
    auto& query = *packet.header_at<Message>(message_at);
    query = {query_type, time_code(general ? all.response_tenths : last_member_tenths),
             net::be16(0), net::be32(group.value)};
    *packet.header_at<QueryRest>(message_at + sizeof query) = {
        static_cast<uint8_t>(all.robustness & 7), time_code(all.query_interval_s), net::be16(0)};
    query.checksum = net::checksum_of(net::sum_words(&query, sizeof query + sizeof(QueryRest)));
    c.tally(layout::Tally::igmp_queries_sent);
    send_on(c, packet, interface, general ? all_hosts : group);
}

void tell_joined(Context& c, net::Ipv4Address group, InterfaceId heard_by) noexcept {
    const RecordHeader record = record_of(RecordType::to_exclude, group);
    for_each_tunnel(c, heard_by, [&](InterfaceId tunnel) { send_records(c, tunnel, &record, 1); });
}

void tell_left(Context& c, net::Ipv4Address group, InterfaceId heard_by) noexcept {
    const MulticastGroup* left = Groups(*c.multicast).find(group);
    const uint64_t members = left == nullptr ? 0 : members_of(c, *left);
    const RecordHeader record = record_of(RecordType::to_include, group);
    for_each_tunnel(c, heard_by, [&](InterfaceId tunnel) {
        if ((members & ~place_bit(c, tunnel)) == 0) send_records(c, tunnel, &record, 1);
    });
}

void tell_all(Context& c, InterfaceId tunnel) noexcept {
    Records records;
    uint32_t count = 0;
    multicast::for_each_group(*c.multicast,
                              [&](net::Ipv4Address group, const MulticastGroup& joined) {
                                  if ((members_of(c, joined) & ~place_bit(c, tunnel)) == 0) return;
                                  records[count++] = record_of(RecordType::is_exclude, group);
                                  if (count < records.size()) return;
                                  send_records(c, tunnel, records.data(), count);
                                  count = 0;
                              });
    if (count > 0) send_records(c, tunnel, records.data(), count);
}

}  // namespace sluice::igmp
