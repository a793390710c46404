// SPDX-License-Identifier: BSD-3-Clause
// Looks at what came back: is it ours, whole, one hop older, addressed as it must be, in order
// and once. What is not is counted by what is wrong with it.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "bench/generator/flow.h"
#include "bench/generator/flows.h"
#include "bench/generator/histogram.h"
#include "bench/generator/sequence.h"
#include "bench/generator/tunnel.h"

namespace sluice::generator {

enum class Fault : uint8_t {
    ip_checksum,   // false; such a packet counts as lost too
    udp_checksum,  // the same
    ttl,           // not as many hops older as there are
    addresses,     // or ports: not those of its flow
    translation,   // another than the packets of its flow before
    tunnel,        // by none or another than the tunnel that it had to come by
    duplicated,    // came before; counts once
    out_of_order,  // behind a later packet of its flow
    count
};
const char* name_of(Fault fault) noexcept;

struct Counts {
    uint64_t packets = 0;  // ours, each once
    uint64_t bytes = 0;    // of their frames, check sequence included
    uint64_t icmp_errors = 0;
    uint64_t foreign = 0;  // neither ours nor ARP: what hosts and routers say by themselves
    std::array<uint64_t, static_cast<size_t>(Fault::count)> faults{};

    uint64_t fault(Fault f) const noexcept { return faults[static_cast<size_t>(f)]; }
    uint64_t all_faults() const noexcept;
};

struct Expected {
    Direction direction = Direction::right;
    unsigned hops = 1;
    const Tunnels* tunnels = nullptr;      // that packets of tunnelled flows come by
    Translations* translations = nullptr;  // that a NAT makes and packets of its flows show
    bool replayed = false;  // packets of a capture: whole ones count, no more is known of them
};

class Checker {
  public:
    Checker(const Expected& expected, const Flows& flows);

    // Counts from nothing; packets of other runs are foreign from now on.
    void begin(uint8_t run) noexcept;
    void check(const uint8_t* frame, uint32_t length, uint64_t now_tsc) noexcept;

    const Counts& counts() const noexcept { return counts_; }
    const Histogram& latency() const noexcept { return latency_; }  // in cycles

  private:
    struct Packet {
        const net::Ipv4Header* ip;
        const net::UdpHeader* udp;
        Signature signature;
    };
    // The packet that was sent, and the bytes from there on.
    struct Inner {
        const uint8_t* packet;  // null: it was looked at, and is none
        uint32_t length;
        std::optional<uint32_t> tunnel;  // that it came by
    };
    Inner unwrap(const uint8_t* frame, uint32_t length) noexcept;
    Inner take_out(const uint8_t* packet, uint32_t length) noexcept;
    void count_replayed(const uint8_t* packet, uint32_t length, uint32_t frame_length) noexcept;
    bool parse(const uint8_t* packet, uint32_t length, Packet& parsed) noexcept;
    bool is_ours(const Signature& signature) const noexcept;
    bool arrives_first_time(const Signature& signature) noexcept;
    void compare(const Packet& packet) noexcept;
    void compare_endpoints(FlowNumber flow, const Endpoints& found) noexcept;
    void compare_tunnels(FlowNumber flow, std::optional<uint32_t> found) noexcept;
    void note(Fault f) noexcept { ++counts_.faults[static_cast<size_t>(f)]; }

    const Expected expected_;
    const Flows& flows_;
    uint8_t run_ = 0;
    std::vector<SequenceWindow> windows_;
    Counts counts_;
    Histogram latency_;
};

}  // namespace sluice::generator
