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

}  // namespace

void send_reset(Context& c, Packet segment) noexcept {
    const net::Ipv4Header& ip = segment.ipv4();
    const auto* to = segment.header_at<TcpHeader>(ethernet_header + ip.header_length());
    if (to == nullptr || (to->flags & tcp::rst) != 0) return;
    if (!c.limiter.allow(ip.source_address(), c.now_ns, c.plan->icmp)) return;
    Packet packet = c.pool.allocate();
    if (!packet) return;
    constexpr uint32_t at = ethernet_header + sizeof(net::Ipv4Header);
    packet.set_length(at + sizeof(TcpHeader));
    auto& reset = *packet.header_at<TcpHeader>(at);
    const uint32_t headers = ip.header_length() + to->length();
    const uint32_t total = ip.total_length.host();
    answer(reset, *to, total > headers ? total - headers : 0);
    ipv4::fill_own_header(c, packet, net::Protocol::tcp, ip.destination_address(),
                          ip.source_address(), 0);
    reset.checksum = checksum_of(reset, packet.ipv4());
    c.tally(layout::Tally::nat_resets_sent);
    ipv4::send_own(c, packet);
}

}  // namespace sluice::nat
