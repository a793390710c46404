// SPDX-License-Identifier: BSD-3-Clause
// An interface's device at work: configured as was negotiated, with queues for the workers.
//
//   made ──start()──▶ running ──stop()──▶ stopped ──start()──▶ running ...
//
// Main thread only. No worker may use its queues while it starts, stops or goes.
#pragma once
#include <memory>

#include "dataplane/port/device.h"
#include "dataplane/port/negotiate.h"
#include "dataplane/port/pool.h"
#include "dataplane/port/queues.h"
#include "lib/layout/snapshot.h"

namespace sluice::port {

struct Link {
    bool up = false;
    uint32_t speed_mbps = 0;
    bool operator==(const Link&) const noexcept = default;
};

// What the device is opened with: the configuration's words, completed by what the MTU needs.
std::string device_arguments(const layout::Interface& wish);

class Port {
  public:
    // Opens the device. Throws std::runtime_error, as start() does.
    explicit Port(const layout::Interface& wish);
    ~Port();

    void start(const layout::Interface& wish, unsigned workers, Pools& pools);
    void stop() noexcept;
    // After the device asked for it. To be started anew.
    void reset();

    bool wants_reset() const noexcept {
        return device_.wants_reset.load(std::memory_order_acquire);
    }
    // It has to be opened anew, if it can be.
    bool is_gone(uint64_t now_ns) const noexcept;
    Link link() noexcept;
    bool take_link_change() noexcept { return device_.link_changed.exchange(false); }

    uint16_t number() const noexcept { return device_.port(); }
    int node() const noexcept { return device_.node(); }
    const Granted& granted() const noexcept { return granted_; }
    net::MacAddress mac() const noexcept { return mac_; }
    std::string driver() const { return driver_; }
    TxQueue tx_queue(unsigned worker) noexcept;
    void read_counters(layout::DeviceCounters& counters) const;

  private:
    void configure();
    int try_receive_queues(rte_mempool* pool);
    void set_up_receive_queues(Pools& pools);
    void set_up_transmit_queues();
    void set_mtu();
    void set_mac(const layout::Interface& wish);
    void set_promiscuous(bool on);
    void set_indirection_table();
    void lacks(std::string what, int error);

    Device device_;
    std::string driver_;
    unsigned kernel_interface_ = 0;  // whose carrier is ours
    bool connects_once_ = false;     // to its other end, and so is of no use without a link
    bool has_link_ = false;
    uint64_t link_due_ns_ = UINT64_MAX;
    Granted granted_;
    net::MacAddress mac_;
    std::unique_ptr<Lock[]> locks_;  // for each transmit queue, if workers share them
    bool running_ = false;
};

}  // namespace sluice::port
