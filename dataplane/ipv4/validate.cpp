// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/ipv4/validate.h"

#include "lib/net/checksum.h"

namespace sluice::ipv4 {

Verdict validate(Packet& packet, PacketPool& pool) noexcept {
    const auto* ip = packet.header_at<net::Ipv4Header>(ethernet_header);
    if (ip == nullptr) return drop(DropReason::ip_too_short);
    if (ip->version() != 4) return drop(DropReason::ip_bad_version);

    const uint32_t header = ip->header_length();
    if (header < sizeof(net::Ipv4Header)) return drop(DropReason::ip_bad_header_length);
    if (ethernet_header + header > packet.contiguous())
        return drop(DropReason::ip_header_truncated);

    const uint32_t total = ip->total_length.host();
    if (total < header || ethernet_header + total > packet.length()) {
        return drop(DropReason::ip_bad_total_length);
    }
    if (!net::checksum_holds(ip, header)) return drop(DropReason::ip_bad_checksum);

    if (ethernet_header + total < packet.length()) {
        if (const Packet rest = packet.cut(ethernet_header + total)) pool.free(rest);
    }
    return passed();
}

}  // namespace sluice::ipv4
