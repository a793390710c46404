// SPDX-License-Identifier: BSD-3-Clause
// A router in one thread for measuring the pipeline alone: the real control code, plan, FIB and
// neighbours, no EAL, no device. Packets are buffers that lie ready and go round in a circle, as
// they do between a driver and its pool.
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "control/intent/intent_writer.h"
#include "dataplane/arp/neighbour_table.h"
#include "dataplane/arp/resolve.h"
#include "dataplane/icmp/error.h"
#include "dataplane/ipv4/reassemble.h"
#include "dataplane/nat/translator.h"
#include "dataplane/pipeline.h"
#include "lib/fib/route.h"

namespace sluice::bench {

// Memory on huge pages where there are any, else on pages that the kernel may make huge.
class HugeMemory {
  public:
    explicit HugeMemory(size_t size);
    HugeMemory(const HugeMemory&) = delete;
    ~HugeMemory();
    void* data() const { return data_; }
    static const char* kind();  // for the report

  private:
    void* data_;
    size_t size_;
};

// Counts what it is given; the buffers stay where they are.
class Sink : public Transmitter {
  public:
    uint64_t sent() const { return sent_; }

  private:
    void transmit(layout::InterfaceId, rte_mbuf**, unsigned count) noexcept override {
        sent_ += count;
    }
    uint64_t sent_ = 0;
};

class NoPool : public PacketPool {
    Packet allocate() noexcept override { return Packet(); }
    void free(Packet) noexcept override {}
};

// Host order.
struct Flow4 {
    uint32_t source;
    uint32_t destination;
    uint16_t source_port;
    uint16_t destination_port;
};

class BenchRouter {
  public:
    static constexpr unsigned buffers = 1024;

    // One interface in, `next_hops` gateways spread over four interfaces out.
    // `more`: members of the configuration, each with its comma in front.
    explicit BenchRouter(unsigned next_hops, const std::string& more = "");

    // Adds routes; the next hop of each is a number below `next_hops`, plus one.
    void add(const std::vector<fib::Route>& routes);

    // The next `count` buffers as fresh 64-byte frames to these addresses, host order.
    void fill(const uint32_t* destinations, unsigned count, unsigned frame_size = 60);
    void fill_udp(const Flow4* flows, unsigned count);
    // The next buffers as these IP packets.
    void fill(std::span<const std::vector<uint8_t>> packets);
    // Sessions and whatever else waits for its time are looked after.
    void tick_at_same_second() { sluice::tick(context_); }
    // Runs the burst that was filled through the pipeline; returns the cycles that took.
    uint64_t run(unsigned count);
    // The same, for what is no part of the measurement: only run()'s instructions are counted.
    void pass(unsigned count) { carry(count); }

    Sink& sink() { return sink_; }
    Context& context() { return context_; }
    nat::Shared* nat() { return nat_.get(); }  // null where nothing is translated
    layout::WorkerBlock& counters() { return *counters_; }

  private:
    HugeMemory intent_memory_;
    HugeMemory buffer_memory_;
    std::unique_ptr<intent::IntentWriter> intent_;
    HugeMemory neighbour_memory_;
    NeighbourTable neighbours_;
    std::unique_ptr<arp::Waiting> waiting_ = std::make_unique<arp::Waiting>();
    std::unique_ptr<icmp::RateLimiter> limiter_ = std::make_unique<icmp::RateLimiter>();
    std::unique_ptr<ipv4::Reassembler> reassembler_ = std::make_unique<ipv4::Reassembler>();
    std::unique_ptr<layout::WorkerBlock> counters_ = std::make_unique<layout::WorkerBlock>();
    Sink sink_;
    NoPool pool_;
    void start_nat(const layout::NatSettings& settings);
    uint64_t carry(unsigned count);
    std::unique_ptr<HugeMemory> mapping_memory_;
    std::unique_ptr<HugeMemory> session_memory_;
    std::unique_ptr<nat::Shared> nat_;
    std::unique_ptr<nat::Translator> translator_;
    std::unique_ptr<const Plan> plan_;
    Context context_;
    unsigned next_ = 0;
};

}  // namespace sluice::bench
