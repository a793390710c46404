// SPDX-License-Identifier: BSD-3-Clause
// The body of BasicIndex, for the one source file that makes an index of its kind of values.
#pragma once
#include <algorithm>

#include "lib/flow/index.h"

namespace sluice::flow {

inline unsigned lowest(SlotMask mask) noexcept {
    return static_cast<unsigned>(std::countr_zero(mask));
}

inline bool same(const FlowKey& a, const FlowKey& b) noexcept {
#if SLUICE_FLOW_SSE2
    const __m128i equal = _mm_cmpeq_epi8(_mm_load_si128(reinterpret_cast<const __m128i*>(&a)),
                                         _mm_load_si128(reinterpret_cast<const __m128i*>(&b)));
    return _mm_movemask_epi8(equal) == 0xffff;
#else
    return std::memcmp(&a, &b, sizeof a) == 0;
#endif
}

template <typename Keys>
Bucket& BasicIndex<Keys>::second(uint64_t hash) const noexcept {
    constexpr uint64_t golden = 0x9e3779b97f4a7c15;  // brings the low bits up: the tag and more
    Bucket* const bucket = &buckets_[reduce(hash * golden >> 32)];
    if (bucket != &first(hash)) return *bucket;
    return bucket == &buckets_.back() ? buckets_.front() : bucket[1];
}

template <typename Keys>
bool BasicIndex<Keys>::has_key(Value value, const FlowKey& key) const noexcept {
    return keys_.holds(value) && same(keys_.key(value), key);
}

template <typename Keys>
typename BasicIndex<Keys>::Value BasicIndex<Keys>::find_in(const Bucket& bucket, Tag tag,
                                                           const FlowKey& key) const noexcept {
    for (SlotMask left = bucket.matches(tag); left != 0; left &= left - 1) {
        const Value value = Value::from_bits(bucket.value(lowest(left)));
        if (has_key(value, key)) return value;
    }
    return {};
}

template <typename Keys>
typename BasicIndex<Keys>::Value BasicIndex<Keys>::find_live_in(const Bucket& bucket, Tag tag,
                                                                const FlowKey& key) const noexcept {
    const Value value = find_in(bucket, tag, key);
    return value.exists() && keys_.is_live(value) ? value : Value{};
}

template <typename Keys>
typename BasicIndex<Keys>::Value BasicIndex<Keys>::find(const FlowKey& key,
                                                        uint64_t hash) const noexcept {
    const Bucket& bucket = first(hash);
    for (unsigned i = 0; i < reader_tries; ++i) {
        const uint32_t before = bucket.control.load(std::memory_order_acquire);
        if (const Value value = find_live_in(bucket, tag(hash), key); value.exists()) return value;
        const uint32_t between = bucket.control.load(std::memory_order_acquire);
        if (Bucket::away_in(between) != 0) {
            const Value value = find_live_in(second(hash), tag(hash), key);
            if (value.exists()) return value;
        }
        const uint32_t after = bucket.control.load(std::memory_order_relaxed);
        if ((before & Bucket::locked_bit) == 0 && before == between && between == after) break;
    }
    return {};
}

template <typename Keys>
void BasicIndex<Keys>::prepare(const FlowKey* keys, uint64_t* hashes, unsigned n) const noexcept {
    for (unsigned i = 0; i < n; ++i) {
        hashes[i] = hash(keys[i]);
        prefetch(hashes[i]);
    }
}

template <typename Keys>
uint64_t BasicIndex<Keys>::find_bulk(const FlowKey* keys, const uint64_t* hashes, Value* found,
                                     unsigned n) const noexcept {
    const uint64_t mask = find_up_to_64(keys, hashes, found, std::min(n, longest_burst));
    for (unsigned done = longest_burst; done < n; done += longest_burst) {
        find_up_to_64(keys + done, hashes + done, found + done, std::min(n - done, longest_burst));
    }
    return mask;
}

// The first slot with that tag; not found yet, but the line to fetch.
template <typename Keys>
typename BasicIndex<Keys>::Value BasicIndex<Keys>::candidate_in(const Bucket& bucket,
                                                                Tag tag) const noexcept {
    const SlotMask matches = bucket.matches(tag);
    const unsigned slot = lowest(matches | 1u << (Bucket::slots - 1));
    const Value value = Value::from_bits(bucket.value(slot));
    if (matches == 0 || !keys_.holds(value)) return {};
    keys_.prefetch(value);
    return value;
}

// In passes, so that the misses on what is found overlap as those on buckets did. Whatever turns
// out not to be the first candidate is left to find().
template <typename Keys>
uint64_t BasicIndex<Keys>::find_up_to_64(const FlowKey* keys, const uint64_t* hashes, Value* found,
                                         unsigned n) const noexcept {
    uint64_t elsewhere = 0;
    for (unsigned i = 0; i < n; ++i) {
        const Bucket& bucket = first(hashes[i]);
        found[i] = candidate_in(bucket, tag(hashes[i]));
        if (!found[i].exists() && bucket.away() != 0) {
            elsewhere |= uint64_t{1} << i;
            __builtin_prefetch(&second(hashes[i]));
        }
    }
    for (; elsewhere != 0; elsewhere &= elsewhere - 1) {
        const int i = std::countr_zero(elsewhere);
        found[i] = candidate_in(second(hashes[i]), tag(hashes[i]));
    }
    uint64_t mask = 0;
    for (unsigned i = 0; i < n; ++i) {
        if (found[i].exists()) [[likely]] {
            if (same(keys_.key(found[i]), keys[i]) && keys_.is_live(found[i])) [[likely]] {
                mask |= uint64_t{1} << i;
                continue;
            }
        }
        found[i] = find(keys[i], hashes[i]);
        mask |= uint64_t{found[i].exists()} << i;
    }
    return mask;
}

template <typename Keys>
typename BasicIndex<Keys>::Outcome BasicIndex<Keys>::link(Value value, const FlowKey& key,
                                                          uint64_t hash) noexcept {
    Bucket& home = first(hash);
    const BucketLock at_home(home, writers_);
    if (!at_home.held()) return {Linked::busy, {}};

    Value holder = find_in(home, tag(hash), key);
    if (!holder.exists() && home.away() != 0) holder = find_in(second(hash), tag(hash), key);
    if (holder.exists()) {
        const bool live = keys_.is_live(holder);
        return live ? Outcome{Linked::exists, holder} : Outcome{Linked::busy, {}};
    }

    if (const SlotMask room = home.empty(); room != 0) {
        home.put(lowest(room), tag(hash), value.bits());
        return {Linked::ok, value};
    }
    {
        Bucket& away = second(hash);
        const BucketLock at_second(away, writers_);
        if (!at_second.held()) return {Linked::busy, {}};
        const bool room = away.empty() != 0 || make_room(away, &home);
        if (room && home.away() < Bucket::most_away) {
            home.change_away(+1);
            away.put(lowest(away.empty()), tag(hash), value.bits());
            return {Linked::ok, value};
        }
    }
    if (!make_room(home, nullptr)) return {Linked::full, {}};
    home.put(lowest(home.empty()), tag(hash), value.bits());
    return {Linked::ok, value};
}

// Both for the holder of the bucket's lock.
template <typename Keys>
bool BasicIndex<Keys>::make_room(Bucket& bucket, const Bucket* also_held) noexcept {
    for (unsigned slot = 0; slot < Bucket::slots; ++slot) {
        if (move_away(bucket, slot, also_held)) return true;
    }
    return false;
}

template <typename Keys>
bool BasicIndex<Keys>::move_away(Bucket& from, unsigned slot, const Bucket* also_held) noexcept {
    const Value value = Value::from_bits(from.value(slot));
    if (!keys_.holds(value)) return false;
    const uint64_t hash = this->hash(keys_.key(value));
    const bool from_home = &from == &first(hash);
    Bucket& to = from_home ? second(hash) : first(hash);
    if (&to == also_held || to.empty() == 0) return false;
    const BucketLock lock(to, writers_);
    const SlotMask room = lock.held() ? to.empty() : 0;
    if (room == 0 || (from_home && from.away() == Bucket::most_away)) return false;

    to.put(lowest(room), tag(hash), value.bits());
    if (from_home) from.change_away(+1);  // before it is gone from here
    from.clear(slot);
    if (!from_home) to.change_away(-1);
    return true;
}

template <typename Keys>
bool BasicIndex<Keys>::unlink(Value value, uint64_t hash) noexcept {
    Bucket& home = first(hash);
    const BucketLock at_home(home, writers_);
    if (!at_home.held()) return false;
    const auto clear_in = [&](Bucket& bucket) {
        for (SlotMask left = bucket.matches(tag(hash)); left != 0; left &= left - 1) {
            if (bucket.value(lowest(left)) != value.bits()) continue;
            bucket.clear(lowest(left));
            return true;
        }
        return false;
    };
    if (clear_in(home) || home.away() == 0) return true;
    Bucket& away = second(hash);
    const BucketLock at_second(away, writers_);
    if (!at_second.held()) return false;
    if (clear_in(away)) home.change_away(-1);
    return true;
}

template <typename Keys>
void BasicIndex<Keys>::clear() noexcept {
    for (Bucket& bucket : buckets_) {
        for (auto& tag : bucket.tags) tag.store(0, std::memory_order_relaxed);
        bucket.control.store(0, std::memory_order_relaxed);
    }
}

}  // namespace sluice::flow
