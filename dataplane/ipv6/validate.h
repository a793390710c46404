// SPDX-License-Identifier: BSD-3-Clause
// Is this an IPv6 packet (RFC 8200 3)?
//
// Expects:  a whole Ethernet header that announces IPv6.
// Leaves:   the packet ends where its header says.
// Drops:    ip_header_truncated, ip_bad_version, ip_bad_total_length.
#pragma once
#include "dataplane/packet.h"
#include "dataplane/verdict.h"

namespace sluice::ipv6 {

Verdict validate(Packet& packet, PacketPool& pool) noexcept;

}  // namespace sluice::ipv6
