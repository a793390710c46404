// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/port/device.h"

#include <stdexcept>

#include <fmt/format.h>
#include <rte_bus.h>
#include <rte_dev.h>
#include <rte_errno.h>

#include "dataplane/port/driver_log.h"
#include "dataplane/port/ena.h"
#include "dataplane/port/unix_socket.h"

namespace sluice::port {
namespace {

int note_event(uint16_t, rte_eth_event_type type, void* device, void*) {
    auto& d = *static_cast<Device*>(device);
    if (type == RTE_ETH_EVENT_INTR_RESET) d.wants_reset.store(true, std::memory_order_release);
    if (type == RTE_ETH_EVENT_INTR_LSC) d.link_changed.store(true, std::memory_order_release);
    if (type == RTE_ETH_EVENT_INTR_RMV) d.removed.store(true, std::memory_order_release);
    return 0;
}

constexpr rte_eth_event_type watched[] = {RTE_ETH_EVENT_INTR_RESET, RTE_ETH_EVENT_INTR_LSC,
                                          RTE_ETH_EVENT_INTR_RMV};

[[noreturn]] void fail(const std::string& device, int error) {
    throw std::runtime_error(fmt::format("{}: {}", device, driver_log::explain(error)));
}

}  // namespace

Device::Device(const std::string& arguments) {
    const std::string name = arguments.substr(0, arguments.find(','));
    driver_log::forget();
    if (rte_eth_dev_get_port_by_name(name.c_str(), &port_) == 0) {
        throw std::runtime_error(fmt::format("{}: another interface has this device", name));
    }
    unix_socket::remove_left_over(arguments);
    if (const int error = rte_dev_probe(ena::complete(arguments).c_str()); error != 0) {
        fail(name, error);
    }
    if (rte_eth_dev_get_port_by_name(name.c_str(), &port_) != 0) {
        fail(name, -ENODEV);
    }
    for (const rte_eth_event_type type : watched) {
        rte_eth_dev_callback_register(port_, type, note_event, this);
    }
}

Device::~Device() {
    for (const rte_eth_event_type type : watched) {
        rte_eth_dev_callback_unregister(port_, type, note_event, this);
    }
    rte_eth_dev_info device{};
    const bool known = rte_eth_dev_info_get(port_, &device) == 0;
    rte_eth_dev_close(port_);
    if (known && device.device != nullptr) rte_dev_remove(device.device);
}

rte_eth_dev_info Device::info() const {
    rte_eth_dev_info device{};
    if (const int error = rte_eth_dev_info_get(port_, &device); error != 0) {
        throw std::runtime_error(
            fmt::format("the device tells nothing about itself: {}", rte_strerror(-error)));
    }
    return device;
}

int Device::node() const noexcept { return rte_eth_dev_socket_id(port_); }

}  // namespace sluice::port
