// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/nat/reset.h"

#include "dataplane/icmp/error.h"
#include "dataplane/ipv4/own.h"
#include "dataplane/nat/tcp_header.h"
#include "dataplane/nat/tuple.h"

namespace sluice::nat {
namespace {

// A segment with an acknowledgement is answered with that number; one without, by acknowledging
// all that it takes up in sequence space.
void answer(TcpHeader& reset, const TcpHeader& to, uint32_t payload) noexcept {
    reset = {};
    reset.source_port = to.destination_port;
    reset.destination_port = to.source_port;
    reset.offset = tcp_offset;
    if ((to.flags & tcp::ack) != 0) {
        reset.sequence = to.acknowledgement;
        reset.flags = tcp::rst;
    } else {
        const uint32_t controls = ((to.flags & tcp::syn) != 0) + ((to.flags & tcp::fin) != 0);
        reset.acknowledgement = net::be32(to.sequence.host() + payload + controls);
        reset.flags = tcp::rst | tcp::ack;
    }
}

// The header to be filled, of a segment without data; null where no buffer is left.
TcpHeader* begin_segment(Context& c, Packet& packet) noexcept {
    packet = c.pool.allocate();
    if (!packet) return nullptr;
    constexpr uint32_t at = ethernet_header + sizeof(net::Ipv4Header);
    packet.set_length(at + sizeof(TcpHeader));
    return packet.header_at<TcpHeader>(at);
}

void send_segment(Context& c, Packet packet, TcpHeader& tcp, net::Ipv4Address source,
                  net::Ipv4Address destination) noexcept {
    ipv4::fill_own_header(c, packet, net::Protocol::tcp, source, destination, 0);
    tcp.checksum = checksum_of(tcp, packet.ipv4());
    ipv4::send_own(c, packet);
}

}  // namespace

void send_reset(Context& c, Packet segment) noexcept {
    const net::Ipv4Header& ip = segment.ipv4();
    const auto* to = segment.header_at<TcpHeader>(ethernet_header + ip.header_length());
    if (to == nullptr || (to->flags & tcp::rst) != 0) return;
    if (!c.limiter.allow(ip.source_address(), c.now_ns, c.plan->icmp)) return;
    Packet packet;
    TcpHeader* reset = begin_segment(c, packet);
    if (reset == nullptr) return;
    const uint32_t headers = ip.header_length() + to->length();
    const uint32_t total = ip.total_length.host();
    answer(*reset, *to, total > headers ? total - headers : 0);
    c.tally(layout::Tally::nat_resets_sent);
    send_segment(c, packet, *reset, ip.destination_address(), ip.source_address());
}

void ask_whether_open(Context& c, const flow::SessionFacts& session) noexcept {
    const flow::FlowKey& inside = session.keys[static_cast<unsigned>(flow::Direction::outbound)];
    Packet packet;
    TcpHeader* question = begin_segment(c, packet);
    if (question == nullptr) return;
    *question = {};
    question->source_port = inside.destination_port;
    question->destination_port = inside.source_port;
    question->offset = tcp_offset;
    question->flags = tcp::ack;
    send_segment(c, packet, *question, {inside.destination.host()}, {inside.source.host()});
}

}  // namespace sluice::nat
