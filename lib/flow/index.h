// SPDX-License-Identifier: BSD-3-Clause
// An index: from a flow's key to what has that key, in one bucket of ten nearly always. What its
// 32-bit values stand for, and what key each has, is the business of `Keys` (see SessionKeys,
// and lib/nat/mappings.h for another).
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
//   What is found is compared with its whole key, so a reader is never wrong.
//   There are several writers, unless set_writers() says that there is one.
//
// Nothing here outlives the process: whoever has an index fills it anew at start.
#pragma once
#include <bit>
#include <cstdint>
#include <span>

#include "lib/flow/bucket.h"
#include "lib/flow/key.h"
#include "lib/flow/session.h"
#include "lib/prefetch.h"

namespace sluice::flow {

// The longest burst that find_bulk() overlaps; longer ones are cut.
inline constexpr unsigned longest_burst = 64;

// What an index needs to know of its values. A value that is linked keeps its key until it is
// unlinked. Reads may ask about values that are linked no more, or are none at all.
struct SessionKeys {
    using Value = Flow;
    std::span<Session> sessions;

    bool holds(Flow flow) const noexcept { return flow.place() < sessions.size(); }
    // These only for values that it holds.
    const FlowKey& key(Flow flow) const noexcept {
        return sessions[flow.place()].key(flow.direction());
    }
    bool is_live(Flow flow) const noexcept { return sessions[flow.place()].is_live(); }
    void prefetch(Flow flow) const noexcept { sluice::prefetch(&sessions[flow.place()]); }
};

template <typename Keys>
class BasicIndex {
  public:
    using Value = typename Keys::Value;
    static constexpr unsigned reader_tries = 32;

    // At least two buckets. Whatever the memory holds, reads stay within it.
    BasicIndex(std::span<Bucket> buckets, const Keys& keys, const HashSecret& secret) noexcept
        : buckets_(buckets), keys_(keys), secret_(secret) {}

    void set_writers(Writers writers) noexcept { writers_ = writers; }

    uint64_t hash(const FlowKey& key) const noexcept { return hash_of(key, secret_); }
    void prefetch(uint64_t hash) const noexcept { sluice::prefetch(&first(hash)); }

    // False: find() would find nothing.
    bool may_have(uint64_t hash) const noexcept {
        const Bucket& bucket = first(hash);
        return bucket.matches(tag(hash)) != 0 || bucket.away() != 0;
    }
    // Nearly always what find() would find, and fetches it; asks the first bucket alone.
    Value guess(uint64_t hash) const noexcept { return candidate_in(first(hash), tag(hash)); }

    // The live value that has this key, if there is one.
    Value find(const FlowKey& key) const noexcept { return find(key, hash(key)); }
    Value find(const FlowKey& key, uint64_t hash) const noexcept;
    // Hashes the keys and fetches their buckets, well before find_bulk() asks for them.
    void prepare(const FlowKey* keys, uint64_t* hashes, unsigned n) const noexcept;
    // Any n. Bit i of the answer says whether the i-th was found, for the first 64 of them.
    uint64_t find_bulk(const FlowKey* keys, const uint64_t* hashes, Value* found,
                       unsigned n) const noexcept;

    enum class Linked : uint8_t {
        ok,
        exists,  // something live has the key: `value` says what
        busy,    // another worker is at these buckets, or makes or ends what has the key
        full,    // no room in the key's buckets, nor to be had by one move
    };
    struct Outcome {
        Linked linked;
        Value value;
    };
    // The value has this key already, and this is the hash of it.
    Outcome link(Value value, const FlowKey& key, uint64_t hash) noexcept;
    Outcome link(Value value, uint64_t hash) noexcept {
        return link(value, keys_.key(value), hash);
    }
    Outcome link(Value value) noexcept { return link(value, hash(keys_.key(value))); }
    // True if the value is in the index no more; false if another worker is at its buckets.
    bool unlink(Value value, uint64_t hash) noexcept;
    bool unlink(Value value) noexcept { return unlink(value, hash(keys_.key(value))); }

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
    bool has_key(Value value, const FlowKey& key) const noexcept;
    Value candidate_in(const Bucket& bucket, Tag tag) const noexcept;
    Value find_in(const Bucket& bucket, Tag tag, const FlowKey& key) const noexcept;
    Value find_live_in(const Bucket& bucket, Tag tag, const FlowKey& key) const noexcept;
    uint64_t find_up_to_64(const FlowKey* keys, const uint64_t* hashes, Value* found,
                           unsigned n) const noexcept;
    bool make_room(Bucket& bucket, const Bucket* also_held) noexcept;
    bool move_away(Bucket& from, unsigned slot, const Bucket* also_held) noexcept;

    std::span<Bucket> buckets_;
    Keys keys_;
    HashSecret secret_;
    Writers writers_ = Writers::several;
};

using Index = BasicIndex<SessionKeys>;
extern template class BasicIndex<SessionKeys>;

}  // namespace sluice::flow
