// SPDX-License-Identifier: BSD-3-Clause
#include "control/explain/nat_copy.h"

#include <algorithm>
#include <vector>

#include "lib/flow/move.h"
#include "lib/time_units.h"

namespace sluice::explain {
namespace {

constexpr uint32_t room_for_new = 64;

// The rules may name addresses that the dataplane has not numbered yet.
uint32_t room_for_addresses(size_t numbered) {
    constexpr size_t fewest = 256;
    const size_t wanted =
        numbered == 0 ? layout::max_nat_addresses : std::max(2 * numbered, fewest);
    return static_cast<uint32_t>(std::min<size_t>(wanted, layout::max_nat_addresses));
}

// Numbers of addresses stay what they are: sessions name their mappings by them.
std::span<std::byte> with(std::span<std::byte> memory,
                          std::span<const nat::AddressBlock> addresses) {
    const auto blocks = nat::Mappings::blocks_in(memory);
    for (size_t i = 0; i < std::min(blocks.size(), addresses.size()); ++i) {
        const_cast<nat::AddressBlock&>(blocks[i]).address = addresses[i].address.load();
    }
    return memory;
}

}  // namespace

NatCopy::NatCopy(std::span<const flow::Session> sessions,
                 std::span<const nat::AddressBlock> addresses, uint32_t now)
    : NatCopy(flow::live_sessions(sessions), addresses, now) {}

NatCopy::NatCopy(std::vector<flow::SessionCopy> live, std::span<const nat::AddressBlock> addresses,
                 uint32_t now)
    : sessions_(static_cast<uint32_t>(live.size()) + room_for_new),
      addresses_(room_for_addresses(addresses.size())),
      mapping_memory_(nat::Mappings::bytes_for(addresses_)),
      session_memory_(flow::Table::bytes_for(sessions_)),
      shared_(nat::Memory{with(mapping_memory_.as<std::byte>(), addresses), addresses_,
                          session_memory_.as<std::byte>(), sessions_}),
      translator_(shared_, 0, 1, nullptr) {
    shared_.table.adopt(now);
    flow::put_back(shared_.table, live);
    shared_.adopt(now * second_ns, {});
}

}  // namespace sluice::explain
