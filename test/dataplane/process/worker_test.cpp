// SPDX-License-Identifier: BSD-3-Clause
// The worker's loop, with a device that is a list of frames. There is no EAL: DPDK's table of a
// device's functions is all that a worker knows of it.
#include "dataplane/process/worker.h"

#include <array>
#include <chrono>
#include <functional>

#include <gtest/gtest.h>
#include <rte_ethdev.h>

#include "test/path/network.h"

namespace sluice::test {
namespace {

constexpr uint16_t port = 0;

// Given to the worker before it starts; what it sends is the test's when the worker is gone.
struct Device {
    std::vector<rte_mbuf*> receives;
    size_t next = 0;
    std::atomic<unsigned> sent{0};
    bool refuses = false;
    HeapPool* pool = nullptr;
};

uint16_t receive(void* queue, rte_mbuf** packets, uint16_t count) {
    auto& device = *static_cast<Device*>(queue);
    uint16_t n = 0;
    for (; n < count && device.next < device.receives.size(); ++n) {
        packets[n] = device.receives[device.next++];
    }
    return n;
}

uint16_t transmit(void* queue, rte_mbuf** packets, uint16_t count) {
    auto& device = *static_cast<Device*>(queue);
    if (device.refuses) return 0;
    for (uint16_t i = 0; i < count; ++i) device.pool->free(Packet(packets[i]));
    device.sent += count;
    return count;
}

bool within_seconds(const std::function<bool()>& condition) {
    for (unsigned ms = 0; ms < 30000; ++ms) {
        if (condition()) return true;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return false;
}

class WorkerTest : public ::testing::Test {
  protected:
    WorkerTest() {
        device_.pool = &net.router.pool();
        auto& functions = rte_eth_fp_ops[port];
        functions.rx_pkt_burst = receive;
        functions.tx_pkt_burst = transmit;
        functions.rxq = {queues_, no_callbacks_};
        functions.txq = {queues_, no_callbacks_};
    }
    ~WorkerTest() override { stop(); }

    void arrives(const Bytes& frame) {
        device_.receives.push_back(
            net.router.packet_of(net.router.addressed("lan", frame)).buffer());
    }
    // The device is the interface lan's to receive from, and everyone's to transmit on.
    const Orders& orders(uint64_t number, bool busy_polling = false) {
        auto fresh = std::make_unique<Orders>();
        fresh->number = number;
        fresh->plan = {std::shared_ptr<void>(), &net.router.plan()};
        fresh->routes = {std::shared_ptr<void>(), net.router.context().routes};
        fresh->busy_polling = busy_polling;
        fresh->workers.resize(2);
        for (WorkerOrders& own : fresh->workers) {
            for (const char* name : {"dmz", "lan", "wan"}) {
                own.transmit[net.router.id_of(name)] = {.exists = true, .port = port, .queue = 0};
            }
        }
        fresh->workers[0].receive = {{net.router.id_of("lan"), port, 0}};
        given_.push_back(std::move(fresh));
        return *given_.back();
    }
    void start(const Orders& first, unsigned number = 0) {
        newest_ = &first;
        worker_.emplace(Seat{number, 0, Company::workers}, newest_, net.router.neighbours(),
                        limiter_, net.router.pool(), *block, net.router.tunnels().data());
        EXPECT_TRUE(within_seconds([&] { return worker_->follows() == first.number; }));
    }
    void stop() { worker_.reset(); }
    void publish(const Orders& next) { newest_ = &next; }
    bool has_worked_off(uint64_t packets) {
        return within_seconds([&] { return block->busy_packets.get() == packets; });
    }
    uint64_t drops(DropReason reason) { return block->drops[static_cast<unsigned>(reason)].get(); }

    Network net;
    Device device_;
    std::unique_ptr<layout::WorkerBlock> block = std::make_unique<layout::WorkerBlock>();
    std::optional<Worker> worker_;

  private:
    void* queues_[1] = {&device_};
    void* no_callbacks_[1] = {nullptr};
    std::vector<std::unique_ptr<Orders>> given_;
    std::atomic<const Orders*> newest_{nullptr};
    icmp::RateLimiter limiter_;
};

TEST_F(WorkerTest, FollowsTheNewestOrdersAndSaysWhich) {
    start(orders(1));
    EXPECT_EQ(block->generation.load(), net.router.plan().generation);
    publish(orders(7));
    EXPECT_TRUE(within_seconds([&] { return worker_->follows() == 7; }));
}

TEST_F(WorkerTest, CarriesPacketsFromItsReceiveQueueToTheTransmitQueue) {
    for (unsigned i = 0; i < 100; ++i) arrives(ipv4().to("192.0.2.1"));
    start(orders(1));
    EXPECT_TRUE(has_worked_off(100));
    stop();
    EXPECT_EQ(device_.sent, 100u);
    EXPECT_EQ(block->interfaces[net.router.id_of("wan")].tx_packets.get(), 100u);
    EXPECT_EQ(net.router.pool().outstanding(), 0u);
}

TEST_F(WorkerTest, DropsWhatTheTransmitQueueHasNoRoomFor) {
    for (unsigned i = 0; i < 100; ++i) arrives(ipv4().to("192.0.2.1"));
    device_.refuses = true;
    start(orders(1));
    EXPECT_TRUE(has_worked_off(100));
    stop();
    EXPECT_EQ(drops(DropReason::transmit_full), 100u);
    EXPECT_EQ(net.router.pool().outstanding(), 0u);
}

TEST_F(WorkerTest, DropsWhatIsToLeaveByAPortThatWasTakenFromIt) {
    arrives(ipv4().to("192.0.2.1"));
    Orders& without = const_cast<Orders&>(orders(1));
    without.workers[0].transmit[net.router.id_of("wan")].exists = false;
    start(without);
    EXPECT_TRUE(has_worked_off(1));
    stop();
    EXPECT_EQ(drops(DropReason::interface_down), 1u);
}

TEST_F(WorkerTest, SaysBetweenTwoRoundsThatItHoldsNothingAndThatItLives) {
    start(orders(1));
    const uint64_t before = block->quiescent.load(), beat = block->heartbeat_ns.load();
    EXPECT_TRUE(within_seconds([&] { return block->quiescent.load() > before + 3; }));
    EXPECT_TRUE(within_seconds([&] { return block->heartbeat_ns.load() > beat; }));
}

TEST_F(WorkerTest, RunsAnErrandOnce) {
    Orders& first = const_cast<Orders&>(orders(1));
    first.errands = {{Errand::Kind::announce, net.router.id_of("lan"), ip("10.0.0.1")}};
    start(first);
    publish(orders(2));
    EXPECT_TRUE(within_seconds([&] { return worker_->follows() == 2; }));
    stop();
    EXPECT_EQ(device_.sent, 1u);
}

TEST_F(WorkerTest, LeavesErrandsToTheFirstWorker) {
    Orders& first = const_cast<Orders&>(orders(1));
    first.errands = {{Errand::Kind::announce, net.router.id_of("lan"), ip("10.0.0.1")}};
    start(first, 1);
    publish(orders(2));
    EXPECT_TRUE(within_seconds([&] { return worker_->follows() == 2; }));
    stop();
    EXPECT_EQ(device_.sent, 0u);
}

TEST_F(WorkerTest, SleepsWhenNothingComes) {
    start(orders(1));
    EXPECT_TRUE(within_seconds([&] { return block->sleeps.get() > 3; }));
}

TEST_F(WorkerTest, CarriesWhatAnotherWorkerHandsItAndIsWokenForIt) {
    handover::Exchange exchange(2);
    Orders& first = const_cast<Orders&>(orders(1));
    first.exchange = &exchange;
    std::array<rte_mbuf*, 20> packets;  // made while nobody else uses the pool
    for (rte_mbuf*& m : packets) {
        m = net.router.packet_of(net.router.addressed("lan", ipv4().to("192.0.2.1"))).buffer();
        m->port = net.router.id_of("lan");
    }
    start(first);
    for (unsigned turn = 1; turn <= packets.size(); ++turn) {
        EXPECT_TRUE(within_seconds([&] { return block->sleeps.get() >= 2 * turn; }));
        EXPECT_EQ(exchange.ring(1, 0).give(&packets[turn - 1], 1), 1u);
        exchange.bell(0).ring();
        EXPECT_TRUE(has_worked_off(turn));
    }
    stop();
    EXPECT_EQ(device_.sent, 20u);
    EXPECT_EQ(block->interfaces[net.router.id_of("lan")].rx_packets.get(), 0u)
        << "its receiver has counted it";
}

TEST_F(WorkerTest, NeverSleepsWhenItIsToPollBusily) {
    start(orders(1, true));
    const uint64_t before = block->quiescent.load();
    EXPECT_TRUE(within_seconds([&] { return block->quiescent.load() > before + 1000; }));
    EXPECT_EQ(block->sleeps.get(), 0u);
}

TEST_F(WorkerTest, GivesBackAtItsEndWhatItHolds) {
    arrives(ipv4().to("172.16.0.77"));  // whose MAC address is not known
    arrives(ipv4().to("10.0.0.1").fragment(0, true).payload(64));
    start(orders(1));
    EXPECT_TRUE(has_worked_off(2));
    stop();
    EXPECT_EQ(device_.sent, 1u) << "a question";
    EXPECT_EQ(net.router.pool().outstanding(), 0u);
}

}  // namespace
}  // namespace sluice::test
