// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/icmp/receive.h"

#include "dataplane/checksum.h"
#include "dataplane/ipv4/options.h"
#include "dataplane/ipv4/own.h"
#include "dataplane/nat/probe.h"
#include "dataplane/tunnel/error.h"
#include "lib/net/checksum.h"

namespace sluice::icmp {
namespace {

void answer_echo(Context& c, Packet packet, net::IcmpHeader& echo) noexcept {
    const net::Be16 before = net::be16(static_cast<uint16_t>(echo.type << 8 | echo.code));
    echo.type = net::icmp::echo_reply;
    echo.checksum = net::checksum_adjust(
        echo.checksum, before, net::be16(static_cast<uint16_t>(echo.type << 8 | echo.code)));

    net::Ipv4Header& ip = packet.ipv4();
    std::swap(ip.source, ip.destination);
    ip.ttl = 64;
    // The reply is a packet of its own, and may have to be split on its way (RFC 1122 3.2.2.6
    // wants the data back whole, whatever path it takes). Then its parts must be told from those
    // of another, which the request's identification need not do (RFC 6864 4.1, 4.3).
    ip.identification = net::be16(c.next_identification++);
    ip.flags_and_offset = net::be16(0);
    net::fill_checksum(ip);
    c.tally(layout::Tally::icmp_echo_replies_sent);
    ipv4::send_own(c, packet);
}

}  // namespace

Verdict receive(Context& c, Packet packet, const Arrival& arrival) noexcept {
    const uint32_t at = ethernet_header + packet.ipv4().header_length();
    auto* message = packet.header_at<net::IcmpHeader>(at);
    if (message == nullptr || sum_of(packet, at, packet.length() - at) != 0xffff) {
        return drop(DropReason::icmp_malformed);
    }
    if (net::icmp::is_error(message->type)) return tunnel::receive_error(c, packet, *message);
    if (message->type == net::icmp::echo_reply && nat::hear_echo_reply(c, packet)) {
        return finished();
    }
    if (message->type != net::icmp::echo_request) return drop(DropReason::icmp_not_answered);
    // RFC 1122 3.2.2.6: record route and timestamp are filled here too, and go back.
    if (packet.ipv4().header_length() > sizeof(net::Ipv4Header)) {
        ipv4::fill_options(c, packet, arrival.interface);
    }
    answer_echo(c, packet, *message);
    return finished();
}

}  // namespace sluice::icmp
