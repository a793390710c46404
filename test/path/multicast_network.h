// SPDX-License-Identifier: BSD-3-Clause
// Hosts that join groups, in the network of network.h, and two tunnels through wan:
//
//   host 10.0.0.9 ─ lan ┐          ┌ there (198.51.100.9):  gets all      10.9/16
//                       ├ router ══┤
//   peer 172.16.0.9 ─ dmz ┘        └ other (198.51.100.10): gets what it has joined  10.10/16
#pragma once
#include "dataplane/igmp/message.h"
#include "test/path/tunnel_network.h"

namespace sluice::test {

inline const std::string group = "239.1.2.3";

// IGMP from a host: time to live 1, Router Alert.
inline Ipv4Builder igmp_packet(const Bytes& message, std::string_view to,
                               std::string_view from = "10.0.0.9") {
    return ipv4()
        .from(from)
        .to(to)
        .ttl(1)
        .protocol(2)
        .options({0x94, 4, 0, 0})
        .to_mac(mac("01:00:5e:00:00:16"))
        .payload(message);
}

// Makes the third and fourth byte the checksum of all.
inline Bytes summed(Bytes message) {
    message[2] = message[3] = 0;
    const net::Be16 sum = net::checksum_of(net::sum_words(message.data(), message.size()));
    std::memcpy(message.data() + 2, &sum, sizeof sum);
    return message;
}

inline Bytes address_bytes(std::string_view text) {
    const uint32_t value = ip(text).value;
    return words({static_cast<uint16_t>(value >> 16), static_cast<uint16_t>(value)});
}

inline Bytes short_message(uint8_t type, std::string_view about, uint8_t code = 0) {
    return summed(Bytes{type, code, 0, 0} + address_bytes(about));
}

inline Bytes record(igmp::RecordType type, std::string_view about,
                    const std::vector<std::string>& sources = {}, uint8_t auxiliary = 0) {
    Bytes bytes{static_cast<uint8_t>(type), auxiliary, 0, static_cast<uint8_t>(sources.size())};
    bytes = bytes + address_bytes(about);
    for (const std::string& source : sources) bytes = bytes + address_bytes(source);
    return bytes + Bytes(4u * auxiliary);
}

inline Bytes v3_report(const std::vector<Bytes>& records) {
    Bytes bytes = words({0x2200, 0, 0, static_cast<uint16_t>(records.size())});
    for (const Bytes& r : records) bytes = bytes + r;
    return summed(bytes);
}

inline Ipv4Builder v2_join(std::string_view about = group, std::string_view from = "10.0.0.9") {
    return igmp_packet(short_message(igmp::v2_report_type, about), about, from);
}
inline Ipv4Builder v2_leave(std::string_view about = group, std::string_view from = "10.0.0.9") {
    return igmp_packet(short_message(igmp::leave_type, about), "224.0.0.2", from);
}
inline Ipv4Builder v3_joins(const std::vector<Bytes>& records, std::string_view from = "10.0.0.9") {
    return igmp_packet(v3_report(records), "224.0.0.22", from);
}

// To a group, from a host on dmz.
inline Ipv4Builder to_group(std::string_view about = group, std::string_view from = "172.16.0.9") {
    return ipv4().from(from).to(about).to_mac(mac("01:00:5e:01:02:03")).ttl(16).payload(40);
}

class Multicasting : public BothWays {
  protected:
    TestRouter& router_with(const std::string& interfaces = R"("lan": {}, "dmz": {})",
                            const std::string& more = "") {
        network_ = std::make_unique<Network>(with_tunnels(
            {.other = R"("type": "gre")",
             .rest = R"(, "multicast": { "interfaces": { )" + interfaces + " }" + more + " }"}));
        use_way(network_->router);
        return network_->router;
    }
    // By which interfaces copies left, and for which remotes.
    static std::vector<std::string> ways_of(const std::vector<Sent>& sent) {
        std::vector<std::string> ways;
        for (const Sent& s : sent) {
            const bool outer = s.frame.ipv4().protocol == gre_protocol;
            ways.push_back(outer ? net::to_string(s.frame.ipv4().destination_address())
                                 : s.interface);
        }
        return ways;
    }

  private:
    std::unique_ptr<Network> network_;
};

using Ways = std::vector<std::string>;

}  // namespace sluice::test
