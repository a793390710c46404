// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/checksum.h"

#include "lib/net/checksum.h"

namespace sluice {

// A segment that begins at an odd place has its bytes in the other halves of the words (RFC 1071
// 2B).
uint16_t sum_of(const Packet& packet, uint32_t offset, uint32_t length) noexcept {
    uint64_t sum = 0;
    bool odd = false;
    for (const rte_mbuf* s = packet.buffer(); s != nullptr && length > 0; s = s->next) {
        if (offset >= s->data_len) {
            offset -= s->data_len;
            continue;
        }
        const auto* start = static_cast<const uint8_t*>(s->buf_addr) + s->data_off + offset;
        const uint32_t here = std::min(s->data_len - offset, length);
        const uint16_t part = net::fold(net::sum_words(start, here));
        sum += odd ? __builtin_bswap16(part) : part;
        odd ^= (here & 1) != 0;
        length -= here;
        offset = 0;
    }
    return net::fold(sum);
}

}  // namespace sluice
