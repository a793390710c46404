// SPDX-License-Identifier: BSD-3-Clause
// Bi-directional NAT by name (RFC 2694; RFC 2663 4.2): a name server inside answers a client
// outside with the addresses that hosts inside have outside. By the first rule that is for the
// host: those of a static rule, or one of a dynamic rule's pool, which the host has from then on
// for as long as any other idle session; its record's TTL is 0, so that the client asks again.
//
// Type A in all sections, over UDP, is changed in its place, so that no length or compressed name
// changes. The other way round, questions for the name of an external address are asked for that
// of the host inside who has it, and names of addresses in the answer are those outside (names.h).
// What is in fragments, spread over buffers or not in order is left as it is.
#pragma once
#include "dataplane/context.h"
#include "dataplane/nat/rules.h"
#include "dataplane/nat/tuple.h"
#include "lib/flow/session.h"

namespace sluice::nat::dns {

// Whether a flow that begins so asks a name server inside: at port 53, or at the one port that a
// forward is for.
bool asks(const Rule& rule, flow::Direction first, const flow::FlowKey& inside,
          const flow::FlowKey& packet) noexcept;

// Expects:  a packet of a session whose first packet asks(), addresses and ports as it came.
// Leaves:   what it says as it is on the other side, and its checksum as true as it was.
void translate(Context& c, Packet packet, const Tuple& tuple, const flow::Session& session,
               flow::Direction direction) noexcept;

}  // namespace sluice::nat::dns
