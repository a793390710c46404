// SPDX-License-Identifier: BSD-3-Clause
// A router in one thread, without EAL and without devices: a JSON configuration goes in through
// the real control code, frames go in and come out.
//
//   TestRouter router(R"({"interfaces": {"lan": {...}}})");
//   router.knows("lan", "10.0.0.9", mac("02:00:00:00:00:09"));
//   const auto out = router.receives("lan", ipv4().to("192.0.2.1").ttl(1));
//
// Interface `n` (in the order of their names) has MAC address 02:5a:00:00:00:0n.
// The clock stands still unless a test moves it.
#pragma once
#include <array>
#include <chrono>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "control/intent/intent_writer.h"
#include "dataplane/arp/neighbour_table.h"
#include "dataplane/arp/resolve.h"
#include "dataplane/counting_transmitter.h"
#include "dataplane/icmp/error.h"
#include "dataplane/ipv4/reassemble.h"
#include "dataplane/multicast/keeper.h"
#include "dataplane/nat/log.h"
#include "dataplane/nat/translator.h"
#include "dataplane/pipeline.h"
#include "test/support/frame.h"
#include "test/support/heap_pool.h"

namespace sluice::test {

struct Sent {
    std::string interface;
    Frame frame;
};

// The reasons for which the routers of this process have dropped packets, as of their ends.
std::set<DropReason>& provoked_reasons();

class TestRouter {
  public:
    // `neighbours`: places in the table, a power of two.
    explicit TestRouter(std::string_view json, size_t neighbours = 1024);
    ~TestRouter();

    // Takes another configuration, as `sluice apply` does.
    void apply(std::string_view json);

    // Which way packets go in: run() with its fast way, or the plain way alone.
    void use_plain_way_only() { plain_only_ = true; }

    // A frame comes in; returns all that leaves, in order. Its destination MAC, where the test
    // gave none, is the interface's.
    std::vector<Sent> receives(std::string_view interface, Bytes frame);
    std::vector<Sent> receives(std::string_view interface, const Ipv4Builder& frame);
    // As one burst.
    std::vector<Sent> receives(std::string_view interface, const std::vector<Bytes>& frames);
    // As a chain of buffers of at most this many bytes each.
    std::vector<Sent> receives_in_pieces(std::string_view interface, const Bytes& frame,
                                         size_t piece);
    // Buffers as a device might have given them.
    std::vector<Sent> receives(std::string_view interface, std::vector<rte_mbuf*> packets);
    // Of those that came in last, by their places, in the order in which it saw to them.
    const std::vector<size_t>& left_to_plain_way() const { return left_; }
    // Time passes; returns what is sent meanwhile (in steps of 100 ms). Once a second the main
    // thread's work is done: neighbours age, and a new plan knows which next hops are alive.
    std::vector<Sent> waits(std::chrono::milliseconds time);
    // As a dataplane that has just started, with all links up; the configuration stays, and who has
    // joined groups.
    void start_anew();
    // As after a reboot.
    void forget_groups();
    // Has the pipeline do something by itself; returns what it sends.
    template <typename Action>
    std::vector<Sent> does(Action&& action) {
        action(context_);
        return take_sent();
    }

    // Of either IP.
    Neighbour neighbour(std::string_view interface, std::string_view address) const;
    // Puts a neighbour into the table, reachable.
    void knows(std::string_view interface, std::string_view address, net::MacAddress mac);
    void link_down(std::string_view interface) { set_link(interface, false); }
    void link_up(std::string_view interface) { set_link(interface, true); }

    // Of each batch, on all interfaces; the rest is refused.
    void device_takes_at_most(unsigned packets) { wire_->takes = packets; }
    // For each batch.
    void device_takes_cycles(uint64_t cycles) { wire_->slowness = cycles; }

    net::MacAddress mac_of(std::string_view interface) const;
    uint64_t drops(DropReason reason) const {
        return counters_->drops[static_cast<unsigned>(reason)].get();
    }
    uint64_t all_drops() const;
    uint64_t tally(layout::Tally t) const {
        return counters_->tallies[static_cast<unsigned>(t)].get();
    }
    std::vector<layout::Event> events() const;

    intent::IntentWriter& intent() { return *intent_writer_; }
    // As another writer may leave it.
    layout::Intent& intent_memory() { return *intent_; }
    NeighbourTable& neighbours() { return neighbours_; }
    HeapPool& pool() { return pool_; }
    Context& context() { return context_; }
    // Null while the configuration has no NAT.
    nat::Translator* nat() { return nat_.get(); }
    // As the main thread marks a forward's target that does not answer its probes; until the next
    // configuration.
    void mark_dead(uint32_t target) {
        snapshot_->nat.targets[target].weight |= layout::target_is_dead;
    }
    // As if the dataplane was killed and another took over its sessions.
    void restart_nat(nat::LogRings log = {});
    const Plan& plan() const { return *plan_; }
    std::span<layout::TunnelState, layout::max_tunnels> tunnels() {
        return std::span<layout::TunnelState, layout::max_tunnels>(tunnels_.get(),
                                                                   layout::max_tunnels);
    }
    InterfaceId id_of(std::string_view interface) const;
    // Compiles what control has published since; receives() does so by itself.
    void take_plan();
    // Of the main thread: neighbours age.
    void sweep() { neighbours_.sweep(context_.now_ms(), plan_->arp); }
    // Of the main thread, once a second: groups are asked about, and end.
    void watch_groups();
    const layout::MulticastTable& groups() const { return *multicast_; }
    // The frame with the interface's MAC for destination where it has none.
    Bytes addressed(std::string_view interface, Bytes frame) const;
    Packet packet_of(const Bytes& frame, size_t piece = HeapPool::room);

  private:
    // The devices: what they take is sent.
    class Wire : public CountingTransmitter {
      public:
        Wire(TestRouter& router)
            : CountingTransmitter(router.pool_, *router.counters_), router_(router) {}
        unsigned takes = batch_size;
        uint64_t slowness = 0;

      private:
        void transmit(layout::InterfaceId interface, rte_mbuf** packets,
                      unsigned count) noexcept override;
        TestRouter& router_;
    };
    void send(InterfaceId interface, Packet packet);
    void set_link(std::string_view interface, bool up);
    void forget_neighbours();
    // Whether the plan must be compiled anew.
    bool forget_tunnels();
    void start_nat(uint32_t sessions, nat::LogRings log = {});
    std::vector<Sent> take_sent();
    std::vector<Sent> run_burst(InterfaceId in, std::vector<rte_mbuf*> packets);
    void run_and_look(InterfaceId in, std::span<rte_mbuf*> packets, size_t first);

    struct Unmap {
        size_t bytes;
        void operator()(std::byte* memory) const;
    };
    using MappedMemory = std::unique_ptr<std::byte, Unmap>;
    static MappedMemory zeroed(size_t bytes);
    struct FreeIntent {
        void operator()(layout::Intent* intent) const;
    };
    std::unique_ptr<layout::Intent, FreeIntent> intent_;
    std::unique_ptr<intent::IntentWriter> intent_writer_;
    HeapPool pool_;
    std::vector<NeighbourEntry> entries_;
    NeighbourTable neighbours_;
    std::unique_ptr<arp::Waiting> waiting_;
    std::unique_ptr<icmp::RateLimiter> limiter_;
    std::unique_ptr<ipv4::Reassembler> reassembler_;
    std::unique_ptr<layout::WorkerBlock> counters_;
    std::unique_ptr<Wire> wire_;
    std::unique_ptr<layout::Snapshot> snapshot_;  // the last one that was published
    std::unique_ptr<layout::TunnelState[]> tunnels_;
    std::unique_ptr<layout::MulticastTable> multicast_;
    multicast::Keeper groups_;
    std::vector<bool> links_;
    std::unique_ptr<const Plan> plan_;
    MappedMemory mapping_memory_, session_memory_,
        ftp_memory_;  // which outlive a dataplane
    uint32_t session_count_ = 0;
    std::unique_ptr<nat::Shared> nat_shared_;
    std::shared_ptr<nat::DepartedBlocks> departed_blocks_;
    std::unique_ptr<nat::Translator> nat_;
    Context context_;
    std::vector<Sent> sent_;
    bool plain_only_ = false;
    std::vector<size_t> left_;
};

}  // namespace sluice::test
