// SPDX-License-Identifier: BSD-3-Clause
// The NAT's wishes as they stand in the snapshot, and its sessions' memory as a region.
//
// Rules are tried in their order; the first that matches decides. Lists of all rules lie in common
// arrays, a rule names its part of each. Addresses and ports are in host order. Words are those of
// RFC 2663 and RFC 4787.
#pragma once
#include <cstddef>
#include <cstdint>

#include "lib/layout/limits.h"

namespace sluice::layout {

enum class NatKind : uint8_t {
    none,
    source,   // many internal addresses behind external addresses and ports (NAPT)
    dynamic,  // a free address of the pool for each internal address, ports kept (basic NAT)
    fixed,    // prefix to prefix of equal length, both ways ("static")
    forward,  // what comes for an external address and ports goes to targets inside
    exempt,   // matches before others do, and translates nothing
};

// RFC 4787 REQ-1: what else a mapping depends on than the internal endpoint.
enum class NatMapping : uint8_t { endpoint_independent, endpoint_dependent };

// RFC 4787 REQ-8: which unsolicited packets a mapping lets in.
enum class NatFiltering : uint8_t {
    endpoint_independent,        // from anywhere
    address_dependent,           // from addresses that the internal endpoint has sent to
    address_and_port_dependent,  // from endpoints that it has sent to
};

// RFC 4787 REQ-2. paired: all of a host's mappings are at one external address, as long as that
// has a port; arbitrary: another address is taken where the first is out of ports.
enum class NatPooling : uint8_t { paired, arbitrary };

// What a TCP segment without a session, not a SYN, is answered.
enum class NatExpired : uint8_t { silence, reset };

enum class NatPortChoice : uint8_t {
    random,         // any free port (RFC 6056)
    blocks,         // from blocks of ports that a subscriber holds
    deterministic,  // computed from the internal address (RFC 7422)
};

// What looks into payloads, of sessions of the rule: a bit each.
enum NatAlg : uint8_t {
    alg_ftp = 1,  // RFC 959, RFC 2428
    alg_dns = 2,  // RFC 2694
};

// A part of one of the common arrays.
struct NatList {
    uint16_t first;
    uint16_t count;
};

// Both ends belong to it.
struct NatRange {
    uint32_t first;
    uint32_t last;
};

struct NatTarget {
    uint32_t address;
    uint16_t port;    // 0: the port that the packet came for; else as far into it as that is
    uint16_t weight;  // 0: gets no new session
};
static_assert(sizeof(NatTarget) == 8);
// Of a weight, in the dataplane's own copy alone: the target does not answer its probes.
inline constexpr uint16_t target_is_dead = 0x8000;

enum class NatProbe : uint8_t { none, icmp, tcp };

// How a forward's targets are probed.
struct NatHealth {
    NatProbe probe;
    uint8_t fall;  // probes in a row without an answer, after which a target is dead
    uint8_t rise;  // answers in a row, after which it lives
    uint8_t reserved;
    uint16_t port;  // of TCP; 0: that which sessions go to
    uint16_t interval_s;
};
static_assert(sizeof(NatHealth) == 8);

struct NatRule {
    char name[32];
    // Of this rule with this meaning: a rule that changes gets another one. Never 0, and no two
    // rules' ids are equal modulo max_nat_rules.
    uint16_t id;
    NatKind kind;
    uint8_t protocol;  // 0: any
    InterfaceId in;    // the first packet's; no_interface: any
    InterfaceId out;
    NatMapping mapping;
    NatFiltering filtering;
    NatPooling pooling;
    NatExpired expired;
    NatPortChoice port_choice;
    uint8_t keep_parity;        // RFC 4787 REQ-4
    uint8_t inbound_refreshes;  // RFC 4787 REQ-6
    uint8_t to_interface;       // external address: that of `out` (forward: of `in`)
    uint8_t hairpin;            // RFC 4787 REQ-9
    uint8_t algs;               // bits of NatAlg
    uint8_t reserved[2];
    NatList from;         // source addresses; none: any
    NatList to;           // destination addresses; none: any
    NatList pool;         // external addresses; for `fixed` one range, the external prefix
    NatList internal;     // for `fixed` one range, as long as the pool's
    NatList targets;      // forward
    NatList source_pool;  // forward, fixed: the source becomes one of these too (twice NAT)
    uint16_t first_port;  // source: external ports to use; forward: ports that match
    uint16_t last_port;
    uint16_t block_size;           // ports
    uint16_t blocks_a_subscriber;  // at most
    uint32_t ports_a_subscriber;   // at most; 0: no limit (RFC 6888 REQ-4)
    uint32_t sessions_a_subscriber;
    NatHealth health;
};
static_assert(sizeof(NatRule) == 100);

struct NatSettings {
    uint32_t sessions;  // places in the table; takes effect at the dataplane's start; 0: no NAT
    uint32_t rule_count;
    uint32_t range_count;
    uint32_t target_count;
    // Idle times in seconds.
    uint32_t udp_s;              // RFC 4787 REQ-5
    uint32_t tcp_established_s;  // RFC 5382 REQ-5
    uint32_t tcp_transitory_s;   // being opened, being closed, after RST (RFC 7857 2)
    uint32_t icmp_s;             // RFC 5508 REQ-2
    uint32_t other_s;            // other protocols
    uint32_t syn_wait_s;         // RFC 5382 REQ-4: an unsolicited SYN waits for ours
    uint32_t quarantine_s;       // RFC 6888 REQ-8: a port rests after use
    uint32_t fragment_s;         // fragments wait for their first
    uint32_t last_rule_id;       // that was given out; control goes on from it after a restart
    uint32_t log_events;         // bits: see lib/layout/nat_log.h; 0: no log is kept
};
static_assert(sizeof(NatSettings) == 56);

struct Nat {
    NatSettings settings;
    NatRule rules[max_nat_rules];
    NatRange ranges[max_nat_ranges];
    NatTarget targets[max_nat_targets];
};
static_assert(sizeof(Nat) == 56 + 512 * 100 + 8192 * 8 + 2048 * 8);

}  // namespace sluice::layout
