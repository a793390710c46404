// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/port/port.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <stdexcept>
#include <string_view>

#include <fmt/format.h>
#include <rte_errno.h>

#include "dataplane/port/af_packet.h"
#include "dataplane/port/driver_log.h"
#include "dataplane/port/ena.h"
#include "dataplane/port/kernel_interface.h"
#include "dataplane/port/unix_socket.h"
#include "dataplane/process/clock.h"

namespace sluice::port {
namespace {

// Longer than any handshake over a unix socket takes: one that is not done by then was begun with
// a process that is being taken apart.
constexpr uint64_t patience_ns = 500'000'000;

void must(const char* what, int error) {
    if (error == 0) return;
    throw std::runtime_error(fmt::format("{}: {}", what, driver_log::explain(error)));
}

Asked asked_by(const layout::Interface& wish, unsigned workers, const Pools& pools) {
    Asked asked;
    asked.workers = workers;
    asked.rx_queues = wish.rx_queues;
    asked.rx_descriptors = wish.rx_descriptors;
    asked.tx_descriptors = wish.tx_descriptors;
    asked.mtu = wish.mtu;
    asked.mac = net::MacAddress::from_bits(wish.mac);
    asked.promiscuous = wish.promiscuous != 0;
    asked.one_pool = pools.count() <= 1;
    asked.data_room = usual_data_room;
    return asked;
}

// For devices that have none, such as rings: local, and the same after a restart.
net::MacAddress made_of(std::string_view device) noexcept {
    const uint64_t hash = std::hash<std::string_view>{}(device);
    net::MacAddress mac = net::MacAddress::from_bits(hash);
    mac.bytes[0] = 2;
    return mac;
}

// The driver gives its MAC address to the kernel's end of the TAP too, and two stations of one
// address can not talk. It lets every frame through, so ours need not be the one it knows.
net::MacAddress beside_the_kernels(net::MacAddress kernels) noexcept {
    kernels.bytes[5] ^= 1;
    return kernels;
}

}  // namespace

std::string device_arguments(const layout::Interface& wish) {
    return af_packet::complete(std::string(wish.device, ::strnlen(wish.device, sizeof wish.device)),
                               wish.mtu);
}

Port::Port(const layout::Interface& wish)
    : device_(device_arguments(wish)),
      connects_once_(unix_socket::connects_once(device_arguments(wish))) {
    const rte_eth_dev_info info = device_.info();
    driver_ = info.driver_name != nullptr ? info.driver_name : "";
    // This driver reports its link as up whatever its interface does.
    if (driver_ == "net_af_packet") kernel_interface_ = info.if_index;
}

Port::~Port() { stop(); }

void Port::start(const layout::Interface& wish, unsigned workers, Pools& pools) {
    driver_log::forget();
    rte_eth_dev_info info = device_.info();
    if (kernel_interface_ != 0) {
        info.max_mtu = UINT16_MAX;
        info.max_rx_pktlen = af_packet::largest_mtu(device_arguments(wish)) + frame_overhead(info);
        info.min_rx_bufsize = af_packet::smallest_buffer(device_arguments(wish));
    }
    granted_ = negotiate(asked_by(wish, workers, pools), info);
    configure();
    set_mtu();
    set_up_receive_queues(pools);
    set_up_transmit_queues();
    set_mac(wish);
    must("start", rte_eth_dev_start(device_.port()));
    running_ = true;
    has_link_ = false;
    if (connects_once_) link_due_ns_ = monotonic_ns() + patience_ns;
    set_promiscuous(wish.promiscuous != 0);
    // IPv6 neighbours ask for us in groups of many names (RFC 4861 7.2.2). What has no such switch,
    // as AF_PACKET, takes in all groups anyway.
    (void)rte_eth_allmulticast_enable(device_.port());
    // Some drivers, ENA's among them, forget the table at each start.
    if (granted_.granted.has(Feature::reta_after_start)) set_indirection_table();
    locks_.reset(granted_.tx_queues < workers ? new Lock[granted_.tx_queues] : nullptr);
}

void Port::stop() noexcept {
    if (running_) rte_eth_dev_stop(device_.port());
    running_ = false;
}

void Port::reset() {
    stop();
    device_.wants_reset.store(false, std::memory_order_release);
    must("reset", rte_eth_dev_reset(device_.port()));
}

void Port::configure() {
    rte_eth_conf conf{};
    // Of AF_PACKET ethdev believes no more than this; set_mtu() knows better.
    conf.rxmode.mtu =
        kernel_interface_ == 0 ? granted_.mtu : std::min<uint32_t>(granted_.mtu, RTE_ETHER_MTU);
    conf.rxmode.offloads = granted_.rx_offloads;
    conf.txmode.offloads = granted_.tx_offloads;
    conf.intr_conf.lsc = granted_.granted.has(Feature::link_status) ? 1 : 0;
    if (granted_.rss_functions != 0) {
        conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
        conf.rx_adv_conf.rss_conf.rss_hf = granted_.rss_functions;
    }
    must("configure",
         rte_eth_dev_configure(device_.port(), granted_.rx_queues, granted_.tx_queues, &conf));
    must("descriptors", rte_eth_dev_adjust_nb_rx_tx_desc(device_.port(), &granted_.rx_descriptors,
                                                         &granted_.tx_descriptors));
}

int Port::try_receive_queues(rte_mempool* pool) {
    const rte_eth_dev_info info = device_.info();
    rte_eth_rxconf conf = info.default_rxconf;
    conf.offloads = granted_.rx_offloads & info.rx_queue_offload_capa;
    for (uint16_t q = 0; q < granted_.rx_queues; ++q) {
        const int error =
            rte_eth_rx_queue_setup(device_.port(), q, granted_.rx_descriptors,
                                   static_cast<unsigned>(device_.node()), &conf, pool);
        if (error != 0) return error;
    }
    return 0;
}

// How large a buffer AF_PACKET wants depends on its arguments, and nothing reports it.
void Port::set_up_receive_queues(Pools& pools) {
    constexpr uint32_t largest = 16384;
    int error = try_receive_queues(pools.get(device_.node(), granted_.data_room));
    if (error == -ENOMEM && granted_.data_room < largest) {
        granted_.data_room = largest;
        granted_.why.push_back(
            fmt::format("buffers of {} bytes: the driver takes no smaller ones", largest));
        error = try_receive_queues(pools.get(device_.node(), largest));
    }
    must("receive queue", error);
}

void Port::set_up_transmit_queues() {
    rte_eth_txconf conf = device_.info().default_txconf;
    conf.offloads = granted_.tx_offloads;
    for (uint16_t q = 0; q < granted_.tx_queues; ++q) {
        must("transmit queue",
             rte_eth_tx_queue_setup(device_.port(), q, granted_.tx_descriptors,
                                    static_cast<unsigned>(device_.node()), &conf));
    }
}

void Port::lacks(std::string what, int error) {
    granted_.why.push_back(fmt::format("{}: {}", what, rte_strerror(-error)));
}

void Port::set_mtu() {
    if (kernel_interface_ != 0) {
        const int error = set_kernel_interface_mtu(kernel_interface_, granted_.mtu);
        if (error != 0) lacks("the kernel's interface keeps its own MTU", error);
        return;
    }
    const int error = rte_eth_dev_set_mtu(device_.port(), static_cast<uint16_t>(granted_.mtu));
    if (error == 0 || error == -ENOTSUP || error == -ENOSYS) return;
    lacks(fmt::format("MTU {} was refused", granted_.mtu), error);
    uint16_t mtu = 0;
    if (rte_eth_dev_get_mtu(device_.port(), &mtu) == 0) granted_.mtu = mtu;
}

void Port::set_mac(const layout::Interface& wish) {
    rte_ether_addr own{};
    const bool is_tap = driver_ == "net_tap";
    if (wish.mac != 0 && !is_tap) {
        std::memcpy(&own, net::MacAddress::from_bits(wish.mac).bytes.data(), sizeof own);
        const int error = rte_eth_dev_default_mac_addr_set(device_.port(), &own);
        if (error == 0) {
            granted_.granted.add(Feature::mac_change);
        } else {
            lacks("the device keeps its own MAC address", error);
        }
    }
    rte_eth_macaddr_get(device_.port(), &own);
    std::memcpy(mac_.bytes.data(), &own, sizeof own);
    if (mac_.is_zero()) mac_ = made_of(wish.device);
    if (!is_tap) return;
    mac_ = wish.mac != 0 ? net::MacAddress::from_bits(wish.mac) : beside_the_kernels(mac_);
    if (wish.mac != 0) granted_.granted.add(Feature::mac_change);
}

void Port::set_promiscuous(bool on) {
    const int error = on ? rte_eth_promiscuous_enable(device_.port())
                         : rte_eth_promiscuous_disable(device_.port());
    if (!on) return;
    if (error == 0) {
        granted_.granted.add(Feature::promiscuous);
    } else {
        lacks("not promiscuous", error);
    }
}

void Port::set_indirection_table() {
    const rte_eth_dev_info info = device_.info();
    const unsigned groups =
        (info.reta_size + RTE_ETH_RETA_GROUP_SIZE - 1) / RTE_ETH_RETA_GROUP_SIZE;
    std::vector<rte_eth_rss_reta_entry64> table(groups);
    for (unsigned i = 0; i < info.reta_size; ++i) {
        rte_eth_rss_reta_entry64& group = table[i / RTE_ETH_RETA_GROUP_SIZE];
        group.mask |= uint64_t{1} << i % RTE_ETH_RETA_GROUP_SIZE;
        group.reta[i % RTE_ETH_RETA_GROUP_SIZE] = static_cast<uint16_t>(i % granted_.rx_queues);
    }
    if (const int error =
            rte_eth_dev_rss_reta_update(device_.port(), table.data(), info.reta_size)) {
        lacks("the table that spreads flows over the queues is the device's own", error);
    }
}

bool Port::is_gone(uint64_t now_ns) const noexcept {
    return device_.removed.load(std::memory_order_acquire) ||
           (!has_link_ && now_ns >= link_due_ns_) ||
           (kernel_interface_ != 0 && !kernel_interface_exists(kernel_interface_));
}

Link Port::link() noexcept {
    rte_eth_link link{};
    if (!running_ || rte_eth_link_get_nowait(device_.port(), &link) != 0) return {};
    const bool up = link.link_status == RTE_ETH_LINK_UP &&
                    (kernel_interface_ == 0 || kernel_interface_runs(kernel_interface_));
    has_link_ = up;
    if (up && connects_once_) link_due_ns_ = 0;  // what is lost is lost at once
    return {up, link.link_speed == RTE_ETH_SPEED_NUM_UNKNOWN ? 0 : link.link_speed};
}

TxQueue Port::tx_queue(unsigned worker) noexcept {
    const auto queue = static_cast<uint16_t>(worker % granted_.tx_queues);
    return {true, !granted_.granted.has(Feature::multi_segment), device_.port(), queue,
            locks_ ? &locks_[queue] : nullptr};
}

void Port::read_counters(layout::DeviceCounters& counters) const {
    rte_eth_stats stats{};
    if (rte_eth_stats_get(device_.port(), &stats) == 0) {
        counters.rx_missed.set(stats.imissed);
        counters.rx_errors.set(stats.ierrors);
        counters.rx_no_buffer.set(stats.rx_nombuf);
        counters.tx_errors.set(stats.oerrors);
    }
    if (driver_ == "net_ena") ena::read_allowances(device_.port(), counters);
}

}  // namespace sluice::port
