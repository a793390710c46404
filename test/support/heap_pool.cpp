// SPDX-License-Identifier: BSD-3-Clause
#include "test/support/heap_pool.h"

#include <cstdlib>

namespace sluice::test {

// Header and data in one piece of memory of exactly its size, so that a sanitizer sees every
// step beyond it.
Packet HeapPool::allocate() noexcept {
    if (out_.size() >= limit_) return Packet();
    auto* m = static_cast<rte_mbuf*>(std::aligned_alloc(64, sizeof(rte_mbuf)));
    std::memset(static_cast<void*>(m), 0, sizeof *m);
    m->buf_addr = std::malloc(room);
    std::memset(m->buf_addr, 0xa5, room);
    m->buf_len = room;
    m->data_off = headroom;
    m->nb_segs = 1;
    m->refcnt = 1;
    out_.insert(m);
    return Packet(m);
}

void HeapPool::free(Packet packet) noexcept {
    for (rte_mbuf* m = packet.buffer(); m != nullptr;) {
        rte_mbuf* next = m->next;
        if (out_.erase(m) != 1) std::abort();  // given back twice, or never handed out
        std::free(m->buf_addr);
        std::free(m);
        m = next;
    }
}

HeapPool::~HeapPool() {
    while (!out_.empty()) {
        rte_mbuf* m = *out_.begin();
        m->next = nullptr;
        free(Packet(m));
    }
}

}  // namespace sluice::test
