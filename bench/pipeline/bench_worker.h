// SPDX-License-Identifier: BSD-3-Clause
// One of several workers of a router that is measured in one process.
#pragma once
#include <memory>

#include <pthread.h>

#include "dataplane/arp/resolve.h"
#include "dataplane/context.h"
#include "dataplane/ipv4/reassemble.h"

namespace sluice::bench {

// What a worker has for itself; the rest is the router's own context's.
struct BenchWorker {
    BenchWorker(const Context& like, Transmitter& transmitter, PacketPool& pool,
                layout::WorkerBlock& counters)
        : context{.plan = like.plan,
                  .routes = like.routes,
                  .now_ns = like.now_ns,
                  .neighbours = like.neighbours,
                  .limiter = like.limiter,
                  .waiting = *waiting,
                  .reassembler = *reassembler,
                  .pool = pool,
                  .transmitter = transmitter,
                  .counters = counters} {}
    std::unique_ptr<arp::Waiting> waiting = std::make_unique<arp::Waiting>();
    std::unique_ptr<ipv4::Reassembler> reassembler = std::make_unique<ipv4::Reassembler>();
    Context context;
};

inline void sit_on(unsigned core) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(core, &set);
    ::pthread_setaffinity_np(::pthread_self(), sizeof set, &set);
}

}  // namespace sluice::bench
