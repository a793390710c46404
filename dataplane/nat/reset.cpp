// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/nat/reset.h"

#include "dataplane/icmp/error.h"
#include "dataplane/ipv4/own.h"
#include "dataplane/nat/tuple.h"
#include "lib/net/checksum.h"

namespace sluice::nat {
namespace {

struct TcpHeader {
    net::Be16 source_port;
    net::Be16 destination_port;
    net::Be32 sequence;
    net::Be32 acknowledgement;
    uint8_t offset;  // of the data, in words; upper half
    uint8_t flags;
    net::Be16 window;
    net::Be16 checksum;
    net::Be16 urgent;
};
static_assert(sizeof(TcpHeader) == 20);

// A segment with an acknowledgement is answered with that number; one without, by acknowledging
// all that it takes up in sequence space.
void answer(TcpHeader& reset, const TcpHeader& to, uint32_t payload) noexcept {
    reset = {};
    reset.source_port = to.destination_port;
    reset.destination_port = to.source_port;
    reset.offset = sizeof(TcpHeader) / 4 << 4;
    if ((to.flags & tcp::ack) != 0) {
        reset.sequence = to.acknowledgement;
        reset.flags = tcp::rst;
    } else {
        const uint32_t controls = ((to.flags & tcp::syn) != 0) + ((to.flags & tcp::fin) != 0);
        reset.acknowledgement = net::be32(to.sequence.host() + payload + controls);
        reset.flags = tcp::rst | tcp::ack;
    }
}

net::Be16 checksum_of(const TcpHeader& tcp, const net::Ipv4Header& ip) noexcept {
    const uint64_t pseudo = net::sum_words(&ip.source, 8) +
                            net::be16(static_cast<uint8_t>(net::Protocol::tcp)).raw() +
                            net::be16(sizeof tcp).raw();
    return net::checksum_of(pseudo + net::sum_words(&tcp, sizeof tcp));
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
    const uint32_t headers = ip.header_length() + (to->offset >> 4) * 4u;
    const uint32_t total = ip.total_length.host();
    answer(reset, *to, total > headers ? total - headers : 0);
    ipv4::fill_own_header(c, packet, net::Protocol::tcp, ip.destination_address(),
                          ip.source_address(), 0);
    reset.checksum = checksum_of(reset, packet.ipv4());
    c.tally(layout::Tally::nat_resets_sent);
    ipv4::send_own(c, packet);
}

}  // namespace sluice::nat
