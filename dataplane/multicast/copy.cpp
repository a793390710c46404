// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/multicast/copy.h"

namespace sluice::multicast {

Packet copy_of(const Packet& packet, PacketPool& pool) noexcept {
    Packet copy;
    for (uint32_t at = 0; at < packet.length() || !copy;) {
        Packet part = pool.allocate();
        if (!part) {
            if (copy) pool.free(copy);
            return {};
        }
        const uint32_t length = std::min(packet.length() - at, part.tailroom());
        part.set_length(length);
        packet.copy_out(at, part.data(), length);
        at += length;
        if (copy) {
            copy.chain(part);
        } else {
            copy = part;
        }
    }
    return copy;
}

}  // namespace sluice::multicast
