// SPDX-License-Identifier: BSD-3-Clause
// First packets for an external address: where they go instead, if anywhere.
#pragma once
#include "dataplane/nat/translate.h"

namespace sluice::nat {

// In this order: forwards and static addresses, by the rules; then flows that an ALG has read
// of; then mappings that hosts inside
// have made, as far as their filtering lets the packet in (RFC 4787 REQ-8).
// Passed without a redirection: the packet is not for the NAT.
Verdict redirect(Context& c, Packet packet, const Arrival& arrival, Passage& passage) noexcept;

}  // namespace sluice::nat
