// SPDX-License-Identifier: BSD-3-Clause
// ICMPv6 errors: what the source of a dropped IPv6 packet is told (RFC 4443).
#pragma once
#include "dataplane/context.h"

namespace sluice::icmp6 {

// Sends the error that the drop reason calls for, if it calls for any. No error is sent about an
// ICMPv6 error or redirect, to what is no single host, or about what came to a group of stations,
// but for two (RFC 4443 2.4 e); nor beyond the rate limits that IPv4's errors share (2.4 f).
// The packet is quoted as it is and left alone.
void tell_source(Context& c, Packet packet, const Arrival& arrival, Verdict why) noexcept;

}  // namespace sluice::icmp6
