// SPDX-License-Identifier: BSD-3-Clause
// One of the two ports: a device at work, the hosts it pretends to be, the router's MAC address.
#pragma once
#include <cstdint>
#include <optional>

#include "bench/generator/arp_speaker.h"
#include "bench/generator/options.h"
#include "dataplane/port/port.h"

namespace sluice::generator {

class Side {
  public:
    Side(const char* name, const SideOptions& options, uint32_t mtu, uint16_t descriptors);

    // Opens the device, and opens it again where its other end was not there. True once its link
    // is up. Throws what the device says if it can not be opened and `last_try`.
    bool connect(port::Pools& pools, bool last_try);
    void ask_for_gateway();
    // An ARP frame; it stays the caller's.
    void hear_arp(const uint8_t* frame, uint32_t length);

    const char* name() const noexcept { return name_; }
    uint16_t port() const noexcept { return port_->number(); }
    rte_mempool* pool() const noexcept { return pool_; }
    net::MacAddress mac() const noexcept { return port_->mac(); }
    std::optional<net::MacAddress> gateway_mac() const;
    const SideOptions& options() const noexcept { return options_; }
    std::string driver() const { return port_->driver(); }

  private:
    void open(port::Pools& pools);
    void send(const ArpFrame& frame);

    const char* name_;
    const SideOptions& options_;
    layout::Interface wish_{};
    std::unique_ptr<port::Port> port_;
    rte_mempool* pool_ = nullptr;
    std::optional<ArpSpeaker> arp_;
};

}  // namespace sluice::generator
