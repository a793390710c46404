// SPDX-License-Identifier: BSD-3-Clause
// A session of the NAT, one cache line: two flows and how each becomes the other.
//
//            inside                                         outside
//   keys[outbound]: source S, destination D   ──▶   leaves as S', D'
//   leaves as source D, destination S         ◀──   keys[inbound]: source D', destination S'
//
// So each flow's key, turned round, is what the other flow's packets are rewritten to, and no
// rewrite data beside the keys is needed. Any of the two sides may differ: source NAT, port
// forwarding, twice NAT and a hairpinned flow are all this one shape.
//
// Both keys are whole 5-tuples. That is the session of RFC 2663, and the unit of filtering, of
// the TCP state machine and of idle time. A *mapping* (RFC 4787: internal endpoint to external
// endpoint, whoever the remote is) is not in here: under endpoint-independent mapping many
// sessions share one, under endpoint-dependent mapping each has its own, and a packet of an
// established flow needs to know of neither. `mapping` names it (lib/nat/mapping.h).
// Endpoint-dependent reuse of an external port needs nothing: the remote is in the inbound key.
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "lib/flow/key.h"
#include "lib/net/checksum.h"
#include "lib/shm/words.h"

namespace sluice::flow {

enum class Direction : uint8_t { outbound, inbound };

// A place in the table, and which of the session's two flows.
class Flow {
  public:
    constexpr Flow() noexcept = default;
    constexpr Flow(uint32_t place, Direction direction) noexcept
        : bits_(place << 1 | static_cast<uint32_t>(direction)) {}
    static constexpr Flow from_bits(uint32_t bits) noexcept {
        Flow flow;
        flow.bits_ = bits;
        return flow;
    }
    constexpr uint32_t bits() const noexcept { return bits_; }
    constexpr bool exists() const noexcept { return bits_ != none; }
    constexpr uint32_t place() const noexcept { return bits_ >> 1; }
    constexpr Direction direction() const noexcept { return static_cast<Direction>(bits_ & 1); }
    constexpr bool operator==(const Flow&) const noexcept = default;

  private:
    static constexpr uint32_t none = ~uint32_t{0};
    uint32_t bits_ = none;
};

// What does not change as long as the session lives.
struct SessionFacts {
    FlowKey keys[2];           // by Direction
    uint16_t network_delta;    // what outbound rewriting adds to the sum of addresses
    uint16_t transport_delta;  // the same and ports, so for a checksum with a pseudo-header
    uint32_t mapping;          // the NAT's
    uint32_t created;          // tick
    uint16_t rule;             // the NAT's
    uint16_t flags;            // the NAT's
};
static_assert(sizeof(SessionFacts) == 48 && std::is_trivially_copyable_v<SessionFacts>);

// free ──▶ making ──▶ live ──▶ ending ──▶ free
//             │                 ▲  ┆ ▲
//             └─────────────────┘  ▼ │
//               a key was taken   unfinished: a bucket of the index was busy, to be tried again
//
// Only live sessions are found. Whoever makes the step to `making` or `ending` has the session
// to himself until the next step. What is neither free nor live when the process dies was half
// made or half removed, and adopt() drops it.
enum class Condition : uint8_t { free, making, live, ending, unfinished };

struct alignas(64) Session {
    SessionFacts facts;
    std::atomic<uint64_t> commit;     // generation << 8 | condition; written last, with release
    std::atomic<uint32_t> last_seen;  // tick
    std::atomic<uint32_t> state;      // low 8 bits: place in Timeouts; the rest is the NAT's

    static constexpr uint64_t commit_word(uint64_t generation, Condition condition) noexcept {
        return generation << 8 | static_cast<uint64_t>(condition);
    }
    static constexpr Condition condition_of(uint64_t commit) noexcept {
        return static_cast<Condition>(commit & 0xff);
    }
    static constexpr uint64_t generation_of(uint64_t commit) noexcept { return commit >> 8; }

    bool is_live() const noexcept {
        return condition_of(commit.load(std::memory_order_acquire)) == Condition::live;
    }
    const FlowKey& key(Direction direction) const noexcept {
        return facts.keys[static_cast<unsigned>(direction)];
    }
    // How a packet of that flow leaves: this key with source and destination swapped.
    const FlowKey& other_key(Direction direction) const noexcept {
        return facts.keys[static_cast<unsigned>(direction) ^ 1];
    }
    // For add_delta(). In ones' complement the way back adds the complement.
    uint16_t network_delta(Direction direction) const noexcept {
        return turned(facts.network_delta, direction);
    }
    uint16_t transport_delta(Direction direction) const noexcept {
        return turned(facts.transport_delta, direction);
    }
    // A store once a tick at most, so that the line stays shared between workers.
    void touch(uint32_t tick) noexcept {
        if (last_seen.load(std::memory_order_relaxed) != tick) {
            last_seen.store(tick, std::memory_order_relaxed);
        }
    }

  private:
    static uint16_t turned(uint16_t delta, Direction direction) noexcept {
        return direction == Direction::outbound ? delta : static_cast<uint16_t>(~delta);
    }
};
static_assert(sizeof(Session) == 64 && offsetof(Session, commit) == 48);
static_assert(std::is_standard_layout_v<Session>);
static_assert(std::atomic<uint64_t>::is_always_lock_free);

// HC' = ~(~HC + delta), where delta is the sum of ~m + m' over all words that change (RFC 1624
// equation 3). For UDP the caller leaves a checksum of 0 alone and sends 0xffff for a result of 0.
inline net::Be16 add_delta(net::Be16 checksum, uint16_t delta) noexcept {
    const uint32_t sum = static_cast<uint16_t>(~checksum.raw()) + uint32_t{delta};
    return net::Be16::from_raw(static_cast<uint16_t>(~(sum + (sum >> 16))));  // of two words
}

struct Deltas {
    uint16_t network;
    uint16_t transport;
};
Deltas deltas_of(const FlowKey& outbound, const FlowKey& inbound) noexcept;

// For those who take no part in quiescence, such as another process: a copy of the session as
// it was at one moment of its life. False if it was not live, or changed hands meanwhile.
struct SessionCopy {
    SessionFacts facts;
    uint64_t generation;
    uint32_t last_seen;
    uint32_t state;
};
bool copy_live(SessionCopy& copy, const Session& session) noexcept;

}  // namespace sluice::flow
