// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/port/negotiate.h"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

namespace sluice::port {
namespace {

constexpr uint16_t default_descriptors = 1024;

class Negotiation {
  public:
    Negotiation(const Asked& asked, const rte_eth_dev_info& device)
        : asked_(asked), device_(device) {}

    Granted run() {
        queues();
        spreading();
        size();
        descriptors();
        sending();
        watching();
        // Whether the device agrees to these is known when it is told to.
        if (asked_.promiscuous) result_.asked.add(Feature::promiscuous);
        if (!asked_.mac.is_zero()) result_.asked.add(Feature::mac_change);
        return std::move(result_);
    }

  private:
    template <typename... Args>
    void because(fmt::format_string<Args...> format, Args&&... args) {
        result_.why.push_back(fmt::format(format, std::forward<Args>(args)...));
    }
    // Notes that it was asked for; grants it if it can be had.
    bool ask(Feature feature, bool possible) {
        result_.asked.add(feature);
        if (possible) result_.granted.add(feature);
        return possible;
    }

    void queues() {
        const auto wanted = static_cast<uint16_t>(
            asked_.rx_queues != 0 ? asked_.rx_queues : std::max(asked_.workers, 1u));
        result_.rx_queues = std::clamp<uint16_t>(device_.max_rx_queues, 1, wanted);
        if (wanted > 1 && !ask(Feature::multi_queue, result_.rx_queues == wanted)) {
            because("{} of {} receive queues: the device has no more", result_.rx_queues, wanted);
        }
        const auto workers = static_cast<uint16_t>(std::max(asked_.workers, 1u));
        result_.tx_queues = std::clamp<uint16_t>(device_.max_tx_queues, 1, workers);
        if (result_.tx_queues < workers) {
            because("{} workers share {} transmit queue{}: the device has no more", workers,
                    result_.tx_queues, result_.tx_queues == 1 ? "" : "s");
        }
    }

    void spreading() {
        if (result_.rx_queues == 1) return;
        constexpr uint64_t wanted = RTE_ETH_RSS_IP | RTE_ETH_RSS_TCP | RTE_ETH_RSS_UDP;
        result_.rss_functions = device_.flow_type_rss_offloads & wanted;
        if (!ask(Feature::rss, result_.rss_functions != 0)) {
            because("no RSS: the device itself decides which queue a flow arrives on");
            return;
        }
        ask(Feature::reta_after_start, device_.reta_size > 0);
        // ENA knows TCP and UDP alone: all else arrives on one queue.
        constexpr uint64_t of_any_protocol = RTE_ETH_RSS_IPV4 | RTE_ETH_RSS_NONFRAG_IPV4_OTHER;
        if ((result_.rss_functions & of_any_protocol) != 0) {
            result_.address_queues = result_.rx_queues;
        }
        if ((result_.rss_functions & RTE_ETH_RSS_NONFRAG_IPV4_UDP) != 0) {
            result_.port_queues = result_.rx_queues;
        }
    }

    void size() {
        result_.asked.add(Feature::mtu);
        const uint32_t overhead = frame_overhead(device_);
        uint32_t most = device_.max_mtu != 0 ? device_.max_mtu : UINT16_MAX;
        if (device_.max_rx_pktlen > overhead) {
            most = std::min(most, device_.max_rx_pktlen - overhead);
        }
        const uint32_t least = std::min<uint32_t>(device_.min_mtu, most);
        result_.mtu = std::clamp(asked_.mtu, least, most);
        if (result_.mtu == asked_.mtu) {
            result_.granted.add(Feature::mtu);
        } else {
            because("MTU {} and not {}: the device takes {} to {}", result_.mtu, asked_.mtu, least,
                    most);
        }
        buffers(result_.mtu + overhead);
    }

    void buffers(uint32_t frame) {
        result_.data_room = std::max(asked_.data_room, device_.min_rx_bufsize);
        if (frame <= result_.data_room) return;
        if (ask(Feature::scatter, (device_.rx_offload_capa & RTE_ETH_RX_OFFLOAD_SCATTER) != 0)) {
            result_.rx_offloads |= RTE_ETH_RX_OFFLOAD_SCATTER;
            return;
        }
        result_.data_room = (frame + 63) / 64 * 64;
        because("buffers of {} bytes: the device can not spread a frame over several",
                result_.data_room);
    }

    void descriptors() {
        result_.rx_descriptors = count("receive", asked_.rx_descriptors,
                                       device_.default_rxportconf.ring_size, device_.rx_desc_lim);
        result_.tx_descriptors = count("transmit", asked_.tx_descriptors,
                                       device_.default_txportconf.ring_size, device_.tx_desc_lim);
    }
    uint16_t count(std::string_view direction, uint16_t wanted, uint16_t usual,
                   const rte_eth_desc_lim& limit) {
        const uint32_t start = wanted != 0 ? wanted : usual != 0 ? usual : default_descriptors;
        const uint32_t align = std::max<uint32_t>(limit.nb_align, 1);
        const uint32_t most = limit.nb_max != 0 ? limit.nb_max : UINT16_MAX;
        const uint32_t rounded = (start + align - 1) / align * align;
        const uint32_t got = std::clamp(rounded, std::min<uint32_t>(limit.nb_min, most), most);
        if (wanted != 0 && got != wanted) {
            because("{} {} descriptors and not {}: the device takes {} to {} in steps of {}", got,
                    direction, wanted, limit.nb_min, most, align);
        }
        return static_cast<uint16_t>(got);
    }

    void sending() {
        if (ask(Feature::multi_segment,
                (device_.tx_offload_capa & RTE_ETH_TX_OFFLOAD_MULTI_SEGS) != 0)) {
            result_.tx_offloads |= RTE_ETH_TX_OFFLOAD_MULTI_SEGS;
        } else {
            because("packets in several buffers are copied into one: the device sends no chains");
        }
        const bool able = (device_.tx_offload_capa & RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE) != 0;
        if (ask(Feature::fast_free, able && asked_.one_pool)) {
            result_.tx_offloads |= RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE;
        } else if (able) {
            because("no fast free: the router's packets come from several pools");
        }
    }

    void watching() {
        const uint32_t flags = device_.dev_flags != nullptr ? *device_.dev_flags : 0;
        if (!ask(Feature::link_status, (flags & RTE_ETH_DEV_INTR_LSC) != 0)) {
            because("no link interrupt: the link is looked at ten times a second");
        }
        const std::string_view driver = device_.driver_name != nullptr ? device_.driver_name : "";
        if (driver == "net_ena") ask(Feature::reset_event, true);
    }

    const Asked& asked_;
    const rte_eth_dev_info& device_;
    Granted result_;
};

}  // namespace

uint32_t frame_overhead(const rte_eth_dev_info& device) noexcept {
    if (device.max_mtu != UINT16_MAX && device.max_rx_pktlen > device.max_mtu) {
        return device.max_rx_pktlen - device.max_mtu;
    }
    return RTE_ETHER_HDR_LEN + RTE_ETHER_CRC_LEN;
}

Granted negotiate(const Asked& asked, const rte_eth_dev_info& device) {
    return Negotiation(asked, device).run();
}

}  // namespace sluice::port
