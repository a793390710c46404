// SPDX-License-Identifier: BSD-3-Clause
// A DPDK device from probe to removal, and what it calls out meanwhile. Main thread only; the
// three flags are set by EAL's interrupt thread.
#pragma once
#include <atomic>
#include <cstdint>
#include <string>

#include <rte_ethdev.h>

namespace sluice::port {

class Device {
  public:
    // A PCI address or a virtual device's name, with arguments. Throws std::runtime_error.
    explicit Device(const std::string& arguments);
    Device(const Device&) = delete;
    Device& operator=(const Device&) = delete;
    // Closes and removes it. It must be stopped, and no worker may use it.
    ~Device();

    uint16_t port() const noexcept { return port_; }
    rte_eth_dev_info info() const;
    int node() const noexcept;

    std::atomic<bool> wants_reset{false};
    std::atomic<bool> link_changed{false};
    std::atomic<bool> removed{false};

  private:
    uint16_t port_ = RTE_MAX_ETHPORTS;
};

}  // namespace sluice::port
