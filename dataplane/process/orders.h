// SPDX-License-Identifier: BSD-3-Clause
// Everything that the main thread tells the workers, published as one pointer: what to do with
// packets, which queues to serve, what to tell the neighbours. Immutable once published, and freed
// when every worker has taken newer ones.
#pragma once
#include <cstdint>
#include <memory>
#include <vector>

#include "dataplane/handover/exchange.h"
#include "dataplane/nat/shared.h"
#include "dataplane/plan.h"
#include "dataplane/port/queues.h"
#include "dataplane/process/nat_log_memory.h"
#include "dataplane/trace/tracer.h"
#include "lib/fib/table.h"
#include "lib/layout/nat_clear.h"

namespace sluice {

struct WorkerOrders {
    std::vector<port::RxQueue> receive;
    port::TxQueues transmit;
};

// Something for worker 0 to send when it takes the orders, once.
struct Errand {
    // Tell that we have the address; ask who has it; tell IPv6 hosts of the router; ask a tunnel's
    // other end, or a forward's target, for a sign of life; ask hosts who has joined a group, tell
    // tunnels who has left one.
    enum class Kind { announce, ask, advertise, keepalive, probe, query, left_group };
    Kind kind;
    InterfaceId interface;
    net::Ipv4Address address;
    uint16_t target = 0;
};

struct Orders {
    uint64_t number = 0;  // grows
    std::shared_ptr<const Plan> plan;
    std::shared_ptr<const fib::Table> routes;  // keeps the memory mapped that it lies in
    std::shared_ptr<trace::Tracer> tracer;     // none: nobody traces
    std::shared_ptr<NatLogMemory> nat_log;     // none: the NAT keeps no log
    std::shared_ptr<nat::DepartedBlocks> departed_blocks;  // for worker 0 to take
    handover::Exchange* exchange = nullptr;  // the crew's, between workers; none: nobody needs it
    layout::NatClearRequest nat_clear{};     // the newest
    bool busy_polling = false;
    std::vector<WorkerOrders> workers;
    std::vector<Errand> errands;
};

}  // namespace sluice
