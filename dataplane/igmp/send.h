// SPDX-License-Identifier: BSD-3-Clause
// IGMP that the router itself says: queries to hosts, and, for the hosts behind it, reports to the
// routers at the other end of its tunnels (RFC 3376 4.1, 4.2; as a proxy of RFC 4605 does).
#pragma once
#include <span>

#include "dataplane/context.h"
#include "dataplane/igmp/message.h"

namespace sluice::igmp {

// Who has joined something; of a group (0: of any). Nothing where another router has the right to
// ask, or the interface is down.
void send_query(Context& c, InterfaceId interface, net::Ipv4Address group) noexcept;

// That somebody here is a member of the group, or that nobody is any more: into every tunnel but
// the one that it was heard by, where that is news to the other end.
void tell_joined(Context& c, net::Ipv4Address group, InterfaceId heard_by) noexcept;
void tell_left(Context& c, net::Ipv4Address group, InterfaceId heard_by) noexcept;

// All groups that somebody has joined elsewhere than by this tunnel.
void tell_all(Context& c, InterfaceId tunnel) noexcept;

}  // namespace sluice::igmp
