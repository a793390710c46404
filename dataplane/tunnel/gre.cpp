// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/tunnel/gre.h"

#include "dataplane/checksum.h"

namespace sluice::gre {

bool checksum_holds(const Packet& packet, uint32_t at, uint32_t end) noexcept {
    return sum_of(packet, at, end - at) == 0xffff;
}

}  // namespace sluice::gre
