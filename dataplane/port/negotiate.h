// SPDX-License-Identifier: BSD-3-Clause
// What a device is asked for, what it can do, and what is made of both: the one place where that
// is decided. Pure, so that it is tested without a device.
//
// Nothing but a queue in each direction is essential. Everything else that a device lacks is done
// without, and a sentence says what that means.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include <rte_ethdev.h>

#include "lib/layout/state.h"
#include "lib/net/address.h"

namespace sluice::port {

using layout::Feature;

class Features {
  public:
    void add(Feature f) noexcept { bits_ |= bit(f); }
    bool has(Feature f) const noexcept { return (bits_ & bit(f)) != 0; }
    uint32_t bits() const noexcept { return bits_; }

  private:
    static constexpr uint32_t bit(Feature f) noexcept { return 1u << static_cast<unsigned>(f); }
    uint32_t bits_ = 0;
};

struct Asked {
    unsigned workers = 1;
    uint16_t rx_queues = 0;       // 0: one for each worker
    uint16_t rx_descriptors = 0;  // 0: the device's default
    uint16_t tx_descriptors = 0;
    uint32_t mtu = 1500;
    net::MacAddress mac;  // zero: the device's own
    bool promiscuous = false;
    bool one_pool = true;       // all packets of the router come from one pool
    uint32_t data_room = 2048;  // of its buffers, without headroom
};

struct Granted {
    uint16_t rx_queues = 1;
    uint16_t tx_queues = 1;
    uint16_t rx_descriptors = 0;
    uint16_t tx_descriptors = 0;
    uint32_t mtu = 0;
    uint32_t data_room = 0;  // that the device's receive buffers must have
    uint64_t rx_offloads = 0;
    uint64_t tx_offloads = 0;
    uint64_t rss_functions = 0;
    uint16_t address_queues = 1;  // over which packets are spread by their IP addresses
    uint16_t port_queues = 1;     // by UDP's ports
    Features asked;
    Features granted;              // promiscuous and mac_change only once the device has agreed
    std::vector<std::string> why;  // a sentence for each thing that was not got
};

Granted negotiate(const Asked& asked, const rte_eth_dev_info& device);

// By how much a frame is longer than its packet, as ethdev reckons it.
uint32_t frame_overhead(const rte_eth_dev_info& device) noexcept;

}  // namespace sluice::port
