// SPDX-License-Identifier: BSD-3-Clause
// The NAT's part of the configuration's model: the rules in the order of the file, and the
// sessions' settings. Words are those of RFC 2663 and RFC 4787; the schema explains each key.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lib/net/address.h"

namespace sluice::config {

inline constexpr size_t max_nat_rules = 512;
inline constexpr size_t max_nat_ranges = 8192;     // of all rules together
inline constexpr size_t max_nat_targets = 2048;    // of all rules together
inline constexpr size_t max_nat_addresses = 4096;  // in the pools of all rules together
inline constexpr size_t max_nat_name = 31;         // characters

// Both ends belong to it.
struct AddressRange {
    net::Ipv4Address first;
    net::Ipv4Address last;
    auto operator<=>(const AddressRange&) const = default;

    uint64_t size() const { return uint64_t{last.value} - first.value + 1; }
    bool contains(net::Ipv4Address address) const { return first <= address && address <= last; }
    bool overlaps(const AddressRange& other) const {
        return first <= other.last && other.first <= last;
    }
};

struct PortRange {
    uint16_t first = 0;
    uint16_t last = 0;
    bool operator==(const PortRange&) const = default;

    uint32_t size() const { return uint32_t{last} - first + 1; }
    bool overlaps(PortRange other) const { return first <= other.last && other.first <= last; }
};

enum class NatType : uint8_t { source, dynamic, fixed, forward, exempt };
enum class NatMapping : uint8_t { endpoint_independent, endpoint_dependent };
enum class NatFiltering : uint8_t {
    endpoint_independent,
    address_dependent,
    address_and_port_dependent
};
enum class NatPooling : uint8_t { paired, arbitrary };
enum class NatPortChoice : uint8_t { random, blocks, deterministic };
enum class NatExpired : uint8_t { drop, rst };

struct NatTarget {
    net::Ipv4Address address;
    uint16_t port = 0;  // 0: the one that the packet came for
    uint16_t weight = 1;
    bool operator==(const NatTarget&) const = default;
};

enum class NatProbe : uint8_t { none, icmp, tcp };

struct NatHealth {
    NatProbe probe = NatProbe::none;
    uint16_t port = 0;  // 0: the target's
    uint16_t interval_s = 2;
    uint8_t fall = 3;
    uint8_t rise = 2;
    bool operator==(const NatHealth&) const = default;
};

struct NatRule {
    std::string name;  // never empty, no other rule's
    NatType type = NatType::source;
    std::string description;
    std::string in;  // empty: any interface
    std::string out;
    uint8_t protocol = 0;                   // 0: any
    std::vector<AddressRange> from;         // empty: any
    std::vector<AddressRange> destination;  // empty: any
    bool to_interface = false;              // external is the address of `out` (forward: of `in`)
    std::vector<AddressRange> external;     // pool; of a fixed rule exactly one range
    AddressRange internal;                  // of a fixed rule, as long as the external one
    std::vector<NatTarget> targets;         // of a forward rule
    NatHealth health;                       // the same
    bool source_interface = false;          // forward: the client becomes the address of `out`
    std::vector<AddressRange> source;       // forward: the client becomes one of these
    PortRange port;                         // forward: that the packet comes for
    PortRange ports{1024, 65535};           // source: to be used outside
    NatMapping mapping = NatMapping::endpoint_independent;
    NatFiltering filtering = NatFiltering::address_dependent;
    NatPooling pooling = NatPooling::paired;
    NatPortChoice port_choice = NatPortChoice::random;
    uint16_t block_size = 512;
    uint16_t blocks_per_subscriber = 4;
    uint32_t ports_per_subscriber = 0;  // 0: no limit
    uint32_t sessions_per_subscriber = 0;
    bool parity = true;
    bool hairpin = true;
    bool inbound_refresh = false;
    NatExpired on_expired = NatExpired::drop;
    bool ftp = false;  // "alg"
    bool dns = false;
    bool operator==(const NatRule&) const = default;
};

struct Sessions {
    uint32_t max = 65536;
    uint32_t udp_s = 300;
    uint32_t tcp_established_s = 7440;
    uint32_t tcp_transitory_s = 240;
    uint32_t icmp_s = 60;
    uint32_t other_s = 300;
    uint32_t syn_wait_s = 6;
    uint32_t quarantine_s = 120;
    uint32_t fragment_s = 5;
    bool operator==(const Sessions&) const = default;
};

// Bits of NatLog::events.
enum class NatLogEvent : uint8_t { sessions = 1, port_blocks = 2, exhaustion = 4, limits = 8 };

struct Collector {
    net::Ipv4Address address;
    uint16_t port = 4739;
    bool operator==(const Collector&) const = default;
};

struct NatLog {
    std::string file;  // empty: none
    std::optional<Collector> collector;
    uint32_t domain = 1;
    uint32_t template_s = 60;
    uint32_t message_bytes = 1400;
    bool destinations = false;
    uint32_t events = 15;
    bool operator==(const NatLog&) const = default;

    bool is_kept() const { return !file.empty() || collector.has_value(); }
};

}  // namespace sluice::config
