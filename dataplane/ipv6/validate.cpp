// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/ipv6/validate.h"

namespace sluice::ipv6 {

Verdict validate(Packet& packet, PacketPool& pool) noexcept {
    const auto* ip = packet.header_at<net::Ipv6Header>(ethernet_header);
    if (ip == nullptr) return drop(DropReason::ip_header_truncated);
    if (ip->version() != 6) return drop(DropReason::ip_bad_version);
    // A jumbogram says a length of 0 (RFC 2675); no link of ours takes one.
    const uint32_t end = ethernet_header + ip->total_length();
    if (end > packet.length()) return drop(DropReason::ip_bad_total_length);
    if (end < packet.length()) {
        if (const Packet rest = packet.cut(end)) pool.free(rest);
    }
    return passed();
}

}  // namespace sluice::ipv6
