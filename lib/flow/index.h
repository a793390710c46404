// SPDX-License-Identifier: BSD-3-Clause
// The index over the sessions: from a flow's key to its place, in one bucket of ten nearly always.
//
// A key has two buckets. It lies in the first unless that was full, then in the second; the
// first counts the keys that are away. When both are full, one of their keys moves to its other
// bucket. At the load that Table allows (six keys a bucket) one such step always made room in
// the tests; where it did not, the key would be refused and nothing changed.
//
// Who may do what
//   The lock of a key's first bucket guards where the key is; the lock of the bucket it lies in
//   guards its slot. Locks are tried, never waited for. Two workers can not both add one key.
//   Readers take no lock. A key that moves is in both buckets for a moment, never in none. A
//   reader still may look into the first too early and into the second too late; so "it is not
//   there" counts only if the first bucket was neither locked nor changed in between. A reader
//   that meets a change each time gives up after `reader_tries` and says no.
//   What is found is compared with the whole key in the session, so a reader is never wrong.
//
// Nothing here outlives the process: Table::adopt() fills the index anew from the sessions.
#pragma once
#include <bit>
#include <cstdint>
#include <span>

#include "lib/flow/bucket.h"
#include "lib/flow/key.h"
#include "lib/flow/session.h"

namespace sluice::flow {

// The longest burst that find_bulk() overlaps; longer ones are cut.
inline constexpr unsigned longest_burst = 64;

class Index {
  public:
    static constexpr unsigned reader_tries = 32;

    // At least two buckets. Whatever the memory holds, reads stay within both spans.
    Index(std::span<Bucket> buckets, std::span<Session> sessions, const HashSecret& secret) noexcept
        : buckets_(buckets), sessions_(sessions), secret_(secret) {}

    uint64_t hash(const FlowKey& key) const noexcept { return hash_of(key, secret_); }
    void prefetch(uint64_t hash) const noexcept { __builtin_prefetch(&first(hash)); }

    // The live session's flow that has this key, if there is one.
    Flow find(const FlowKey& key) const noexcept { return find(key, hash(key)); }
    Flow find(const FlowKey& key, uint64_t hash) const noexcept;
    // Hashes the keys and fetches their buckets, well before find_bulk() asks for them.
    void prepare(const FlowKey* keys, uint64_t* hashes, unsigned n) const noexcept;
    // Any n. Bit i of the answer says whether the i-th was found, for the first 64 of them.
    uint64_t find_bulk(const FlowKey* keys, const uint64_t* hashes, Flow* found,
                       unsigned n) const noexcept;

    enum class Linked : uint8_t {
        ok,
        exists,  // a live session has the key: `flow` says which
        busy,    // another worker is at these buckets, or makes or ends a session with the key
        full,    // no room in the key's buckets, nor to be had by one move
    };
    struct Outcome {
        Linked linked;
        Flow flow;
    };
    // The session's keys are in its place already, and this is the hash of the flow's.
    Outcome link(Flow flow, uint64_t hash) noexcept;
    Outcome link(Flow flow) noexcept { return link(flow, hash_of_flow(flow)); }
    // True if the flow is in the index no more; false if another worker is at its buckets.
    bool unlink(Flow flow, uint64_t hash) noexcept;
    bool unlink(Flow flow) noexcept { return unlink(flow, hash_of_flow(flow)); }

    void clear() noexcept;
    std::span<const Bucket> buckets() const noexcept { return buckets_; }
    // Which of a key's buckets it is in: for those who check the index.
    Bucket& first(uint64_t hash) const noexcept { return buckets_[reduce(hash >> 32)]; }
    Bucket& second(uint64_t hash) const noexcept;
    static Tag tag(uint64_t hash) noexcept {
        const auto low = static_cast<Tag>(hash);
        return low != 0 ? low : Tag{1};
    }

  private:
    // 32 bits of hash to a bucket, of which there may be any number (Lemire, 2016).
    uint32_t reduce(uint64_t hash32) const noexcept {
        return static_cast<uint32_t>(hash32 * buckets_.size() >> 32);
    }
    const Session* session_of(Flow flow) const noexcept {
        return flow.place() < sessions_.size() ? &sessions_[flow.place()] : nullptr;
    }
    uint64_t hash_of_flow(Flow flow) const noexcept {
        return hash(sessions_[flow.place()].key(flow.direction()));
    }
    bool has_key(Flow flow, const FlowKey& key) const noexcept;
    Flow candidate_in(const Bucket& bucket, Tag tag) const noexcept;
    Flow find_in(const Bucket& bucket, Tag tag, const FlowKey& key) const noexcept;
    Flow find_live_in(const Bucket& bucket, Tag tag, const FlowKey& key) const noexcept;
    uint64_t find_up_to_64(const FlowKey* keys, const uint64_t* hashes, Flow* found,
                           unsigned n) const noexcept;
    bool make_room(Bucket& bucket, const Bucket* also_held) noexcept;
    bool move_away(Bucket& from, unsigned slot, const Bucket* also_held) noexcept;

    std::span<Bucket> buckets_;
    std::span<Session> sessions_;
    HashSecret secret_;
};

}  // namespace sluice::flow
