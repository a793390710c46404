// SPDX-License-Identifier: BSD-3-Clause
#include "bench/generator/side.h"

#include <cstring>
#include <stdexcept>

#include <fmt/format.h>

#include "dataplane/process/clock.h"

namespace sluice::generator {

Side::Side(const char* name, const SideOptions& options, uint32_t mtu, uint16_t descriptors)
    : name_(name), options_(options) {
    if (options.device.size() >= sizeof wish_.device) {
        throw std::invalid_argument(fmt::format("--{}: device arguments of more than {} bytes",
                                                name, sizeof wish_.device - 1));
    }
    std::memcpy(wish_.name, name, std::strlen(name));
    std::memcpy(wish_.device, options.device.data(), options.device.size());
    wish_.mtu = mtu;
    wish_.rx_descriptors = wish_.tx_descriptors = descriptors;
    wish_.enabled = 1;
    wish_.promiscuous = 1;
}

void Side::open(port::Pools& pools) {
    port_.reset();
    auto port = std::make_unique<port::Port>(wish_);
    port->start(wish_, 1, pools);
    pool_ = pools.get(rte_eth_dev_socket_id(port->number()), port->granted().data_room);
    arp_.emplace(port->mac(), options_.address.address, options_.hosts, options_.gateway);
    port_ = std::move(port);
}

bool Side::connect(port::Pools& pools, bool last_try) {
    try {
        if (port_ == nullptr || port_->is_gone(monotonic_ns())) open(pools);
    } catch (const std::runtime_error& why) {
        if (!last_try) return false;  // perhaps nobody listens at its socket yet
        throw std::runtime_error(fmt::format("--{} {}", name_, why.what()));
    }
    return port_->link().up;
}

void Side::ask_for_gateway() { send(arp_->request()); }

void Side::hear_arp(const uint8_t* frame, uint32_t length) {
    if (const auto answer = arp_->receive(frame, length)) send(*answer);
}

std::optional<net::MacAddress> Side::gateway_mac() const {
    return options_.gateway_mac ? options_.gateway_mac : arp_->gateway_mac();
}

void Side::send(const ArpFrame& frame) {
    rte_mbuf* buffer = rte_pktmbuf_alloc(pool_);
    if (buffer == nullptr) return;  // it will be asked for again
    std::memcpy(rte_pktmbuf_append(buffer, frame.size()), frame.data(), frame.size());
    if (rte_eth_tx_burst(port(), 0, &buffer, 1) == 0) rte_pktmbuf_free(buffer);
}

}  // namespace sluice::generator
