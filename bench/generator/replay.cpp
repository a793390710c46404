// SPDX-License-Identifier: BSD-3-Clause
#include "bench/generator/replay.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <stdexcept>

#include <pcap/pcap.h>

#include "bench/generator/sizes.h"

namespace sluice::generator {
namespace {

constexpr uint32_t longest_packet = most_size - frame_check_length - ethernet_length;

using Capture = std::unique_ptr<pcap_t, void (*)(pcap_t*)>;

Capture open_capture(const std::string& file) {
    char why[PCAP_ERRBUF_SIZE] = "";
    Capture capture(pcap_open_offline(file.c_str(), why), pcap_close);
    if (!capture) throw std::runtime_error(std::string("--pcap ") + why);
    const int link = pcap_datalink(capture.get());
    if (link == DLT_EN10MB || link == DLT_RAW) return capture;
    throw std::runtime_error("--pcap " + file + ": wanted are frames of Ethernet, or bare IP");
}

// Without what Ethernet padded it with; nothing where this is no whole IPv4 packet.
std::span<const uint8_t> whole_packet(std::span<const uint8_t> bytes, bool has_ethernet) {
    if (has_ethernet) {
        constexpr auto ipv4 = static_cast<uint16_t>(net::EtherType::ipv4);
        const auto* ethernet = reinterpret_cast<const net::EthernetHeader*>(bytes.data());
        if (bytes.size() < ethernet_length || ethernet->type.host() != ipv4) return {};
        bytes = bytes.subspan(ethernet_length);
    }
    const auto* ip = reinterpret_cast<const net::Ipv4Header*>(bytes.data());
    if (bytes.size() < sizeof *ip || ip->version() != 4) return {};
    const uint16_t total = ip->total_length.host();
    const bool is_whole = total >= ip->header_length() && total <= bytes.size();
    return is_whole && total <= longest_packet ? bytes.first(total) : std::span<const uint8_t>{};
}

}  // namespace

Replay::Replay(const std::string& file) {
    const Capture capture = open_capture(file);
    const bool has_ethernet = pcap_datalink(capture.get()) == DLT_EN10MB;
    pcap_pkthdr* header = nullptr;
    const uint8_t* bytes = nullptr;
    while (pcap_next_ex(capture.get(), &header, &bytes) == 1) {
        take(whole_packet({bytes, header->caplen}, has_ethernet));
    }
    if (count() == 0)
        throw std::runtime_error("--pcap " + file + ": there is no whole IPv4 packet in it");
}

void Replay::take(std::span<const uint8_t> packet) {
    if (packet.empty()) return;
    bytes_.insert(bytes_.end(), packet.begin(), packet.end());
    begins_.push_back(bytes_.size());
    longest_ = std::max(longest_, static_cast<uint32_t>(packet.size()));
}

uint32_t Replay::write(uint8_t* frame, size_t n, const Macs& macs) const noexcept {
    const net::EthernetHeader ethernet{macs.to, macs.from,
                                       net::be16(static_cast<uint16_t>(net::EtherType::ipv4))};
    const std::span<const uint8_t> bytes = packet(n);
    std::memcpy(frame, &ethernet, sizeof ethernet);
    std::memcpy(frame + ethernet_length, bytes.data(), bytes.size());
    const auto length = static_cast<uint32_t>(ethernet_length + bytes.size());
    if (length >= net::min_frame) return length;
    std::memset(frame + length, 0, net::min_frame - length);
    return net::min_frame;
}

}  // namespace sluice::generator
