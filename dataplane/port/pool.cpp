// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/port/pool.h"

#include <algorithm>
#include <stdexcept>

#include <fmt/format.h>
#include <rte_errno.h>

#include "lib/log.h"

namespace sluice::port {
namespace {

constexpr unsigned cache_size = 256;
constexpr uint32_t fewest = 1024;

rte_mempool* make(const std::string& name, uint32_t buffers, uint32_t data_room, int node) {
    return rte_pktmbuf_pool_create(name.c_str(), buffers, cache_size, 0,
                                   static_cast<uint16_t>(data_room + RTE_PKTMBUF_HEADROOM), node);
}

}  // namespace

rte_mempool* Pools::get(int node, uint32_t data_room) {
    for (const Pool& p : pools_) {
        const bool near = p.node == node || node == SOCKET_ID_ANY;
        if (near && p.data_room == data_room) return p.pool;
    }
    const std::string name = fmt::format("packets-{}-{}", node, data_room);
    for (uint32_t n = std::max(buffers_, fewest); n >= fewest; n /= 2) {
        rte_mempool* pool = make(name, n, data_room, node);
        if (pool == nullptr) continue;
        if (n < buffers_) {
            spdlog::warn(
                "event=fewer_buffers pool={} wanted={} got={} advice=\"more huge pages, or "
                "--memory\"",
                name, buffers_, n);
        }
        pools_.push_back({node, data_room, pool});
        return pool;
    }
    throw std::runtime_error(fmt::format("no memory for {} packet buffers of {} bytes: {}", fewest,
                                         data_room, rte_strerror(rte_errno)));
}

}  // namespace sluice::port
