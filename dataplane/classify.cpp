// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/classify.h"

#include <algorithm>

#include "dataplane/ipv4/route.h"
#include "lib/net/checksum.h"

namespace sluice::fast_path {
namespace {

// Every check leaves zero where all is well, so that one test at the end tells candidates from
// the rest and no branch depends on what a stranger sent.
bool is_candidate(const Screen& screen, const rte_mbuf& m, const uint8_t* frame) noexcept {
    if (m.data_len < least) [[unlikely]]
        return false;

    const uint64_t other_mac = (load<uint64_t>(frame) ^ screen.own_mac) << 16;
    const uint32_t group_source = frame[6] & 1;
    // Type 0x0800, version 4, five words of header: three bytes in a row.
    const uint32_t other_kind = (load<uint32_t>(frame + type_at) & 0x00ffffff) ^ 0x00450008;

    uint64_t sum = load<uint32_t>(frame + version_at);
    sum += load<uint32_t>(frame + version_at + 4);
    sum += load<uint32_t>(frame + version_at + 8);
    sum += load<uint32_t>(frame + version_at + 12);
    sum += load<uint32_t>(frame + version_at + 16);
    const uint32_t false_checksum = net::fold(sum) ^ 0xffff;

    // Aged out; longer than what came; shorter than its header: each shows in the sign bit.
    const uint32_t total = __builtin_bswap16(load<uint16_t>(frame + length_at));
    const uint32_t too_old = static_cast<uint32_t>(frame[ttl_at]) - 2;
    const uint32_t room = m.pkt_len - ethernet_header;
    const uint32_t shortest = m.nb_segs > 1 ? room : sizeof(net::Ipv4Header);
    const uint32_t negative = (too_old | (room - total) | (total - shortest)) >> 31;

    const uint32_t source = __builtin_bswap32(load<uint32_t>(frame + source_at));
    const uint32_t network = source >> 24;
    const uint32_t martian = (network == 0) | (network == 127) | (network >= 224);
    const bool is_own = screen.own.may_have(source) && screen.own.has(source);

    return !is_own &&
           (other_mac | group_source | other_kind | false_checksum | negative | martian) == 0;
}

// RFC 1624: the checksum grows by what the ttl's word lost, which is 0x0100 on the wire and 1 as
// it lies in memory; the carry goes around, and 0xffff is never left where 0x0000 is meant.
uint32_t aged(const uint8_t* frame) noexcept {
    const uint32_t word = load<uint32_t>(frame + ttl_at);
    const uint32_t sum = (word >> 16) + 1;
    return ((word - 1) & 0xffff) | (sum + (sum >= 0xffff)) << 16;
}

}  // namespace

uint32_t flow_hash_of(const Columns& col, unsigned row) noexcept {
    const auto& ip = *reinterpret_cast<const net::Ipv4Header*>(col.frame[row] + ethernet_header);
    // Padding, which lies behind a packet too short for ports, is not of the flow.
    const uint32_t whole =
        std::min<uint32_t>(col.packet[row]->data_len - ethernet_header, col.total_length[row]);
    return ipv4::flow_hash(ip, whole);
}

unsigned classify_plain(const Screen& screen, std::span<rte_mbuf* const> packets, Columns& col,
                        uint64_t& bytes) noexcept {
    unsigned n = 0;
    for (rte_mbuf* m : packets) {
        auto* frame = static_cast<uint8_t*>(m->buf_addr) + m->data_off;
        bytes += m->pkt_len;
        if (!is_candidate(screen, *m, frame)) [[unlikely]]
            continue;
        col.packet[n] = m;
        col.frame[n] = frame;
        col.destination[n] = __builtin_bswap32(load<uint32_t>(frame + destination_at));
        col.total_length[n] = __builtin_bswap16(load<uint16_t>(frame + length_at));
        col.aged[n] = aged(frame);
        ++n;
    }
    return n;
}

#if defined(__x86_64__)
bool has_avx512() noexcept {
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw");
}
const Classify classify = has_avx512() ? classify_avx512 : classify_plain;
#else
const Classify classify = classify_plain;
#endif

}  // namespace sluice::fast_path
