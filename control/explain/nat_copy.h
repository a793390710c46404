// SPDX-License-Identifier: BSD-3-Clause
// The NAT as the dataplane has it at this moment, in memory of control's own: a packet can be
// rehearsed with its sessions, and what it does to them concerns nobody.
#pragma once
#include <span>

#include "dataplane/nat/translator.h"
#include "lib/flow/session.h"
#include "lib/nat/private_memory.h"

namespace sluice::explain {

class NatCopy {
  public:
    // Both spans are of the dataplane's memory, and empty where there is none.
    NatCopy(std::span<const flow::Session> sessions, std::span<const nat::AddressBlock> addresses,
            uint32_t now);

    nat::Supply supply() { return shared_.supply(); }
    nat::Translator& translator() noexcept { return translator_; }

  private:
    NatCopy(std::vector<flow::SessionCopy> live, std::span<const nat::AddressBlock> addresses,
            uint32_t now);

    uint32_t sessions_;
    uint32_t addresses_;
    nat::PrivateMemory mapping_memory_;
    nat::PrivateMemory session_memory_;
    nat::Shared shared_;
    nat::Translator translator_;
};

}  // namespace sluice::explain
