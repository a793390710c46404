// SPDX-License-Identifier: BSD-3-Clause
// ICMP errors about packets that a tunnel has sent: what they say of its path, and what the source
// of the packet inside is told (RFC 2003 4, 5.1; RFC 4459 3.2; RFC 1191).
//
// A router on the way quotes the outer header and what follows, as much as it likes. The tunnel is
// known as soon as the quotation holds its ends, and its key where it has one. The inner source is
// told when the header of its packet is quoted, too: as if we had dropped that packet, and, where
// the NAT had it before, about the packet as it was then. A source that is ourselves is told
// nothing: a tunnel in a tunnel gets its MTU from the outer one's (condition.h).
#pragma once
#include "dataplane/context.h"

namespace sluice::tunnel {

// Expects:  an ICMP error to an address of ours, whole headers, the checksum true.
// Finishes: an error that quotes a tunnel's packet and is heard. "Fragmentation needed" lowers the
//           tunnel's MTU as soon as the main thread has looked at it.
// Drops:    icmp_not_answered: it quotes what no tunnel of ours sends, or is of a kind that is not
//           for the inner source (RFC 2003 4.1, 4.2, 4.3, 4.5).
Verdict receive_error(Context& c, Packet packet, const net::IcmpHeader& message) noexcept;

}  // namespace sluice::tunnel
