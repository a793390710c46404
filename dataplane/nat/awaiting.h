// SPDX-License-Identifier: BSD-3-Clause
// Flows from outside that are announced in a payload, such as FTP's data connections and those to
// a host whose name was asked for (RFC 2663 2.9). Each is a session like all others, with a
// mapping, an idle time and a life beyond the process, but that the remote's port, which nobody
// knows yet, is 0. The first SYN from the remote's address to the external endpoint makes the
// flow's own session, and this one ends.
#pragma once
#include <optional>

#include "dataplane/nat/translate.h"

namespace sluice::nat {

// The remote of `control` may open a TCP connection to this port of the host inside. Returns the
// external endpoint for it, at the address that the host has in `control`: the same again while
// it has not come. Nothing when something has run out, which is told as for any flow.
std::optional<Endpoint> await_remote(Context& c, const flow::Session& control,
                                     uint16_t port) noexcept;

// The same of all flows to a host inside, of whatever protocol, by an address of a dynamic rule's
// pool; as far as the rule lets them in, and for as long as an idle session (RFC 2694 3).
std::optional<net::Ipv4Address> await_host(Context& c, const Rule& rule, net::Ipv4Address inside,
                                           net::Ipv4Address remote) noexcept;

// Where the first packet of a flow goes that has been waited for; false if it has not.
bool redirect_to_awaiting(const Context& c, const Tuple& tuple,
                          std::optional<Redirection>& redirection) noexcept;

}  // namespace sluice::nat
