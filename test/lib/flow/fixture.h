// SPDX-License-Identifier: BSD-3-Clause
// What the session table's tests share: memory for it, sessions by number, and a judge of the
// whole table.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <sys/mman.h>

#include "lib/flow/table.h"
#include "lib/flow/writer.h"
#include "test/lib/shm/processes.h"

namespace sluice::flow {

// Zeroed, shared with children that are forked later, and ending where a page begins that may
// not be touched (give or take the 64 bytes that the table is aligned to).
class Memory {
  public:
    explicit Memory(size_t size) : size_(size), mapped_((size + page - 1) / page * page + page) {
        void* all =
            ::mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (all == MAP_FAILED) throw std::bad_alloc();
        all_ = static_cast<std::byte*>(all);
        ::mprotect(all_ + mapped_ - page, page, PROT_NONE);
    }
    ~Memory() { ::munmap(all_, mapped_); }
    Memory(const Memory&) = delete;
    Memory& operator=(const Memory&) = delete;
    std::span<std::byte> bytes() const {
        return {all_ + mapped_ - page - (size_ + 63) / 64 * 64, size_};
    }

  private:
    static constexpr size_t page = 4096;
    size_t size_;
    size_t mapped_;
    std::byte* all_;
};

inline constexpr Timeouts short_timeouts{{10, 100, 1000, 1}};

// The n-th of many sessions, no two with a key in common.
inline NewSession numbered(uint32_t n, uint32_t state = 0) {
    NewSession session{};
    session.outbound.source = net::be32(0x0a000000 | n >> 4);
    session.outbound.source_port = net::be16(static_cast<uint16_t>(1024 + (n & 15)));
    session.outbound.destination = net::be32(0xc6336400 | (n & 0xff));
    session.outbound.destination_port = net::be16(443);
    session.outbound.protocol = 6;
    session.inbound.source = session.outbound.destination;
    session.inbound.source_port = session.outbound.destination_port;
    session.inbound.destination = net::be32(0xcb007100 | n >> 16);
    session.inbound.destination_port = net::be16(static_cast<uint16_t>(n));
    session.inbound.protocol = 6;
    session.state = state;
    session.mapping = n;
    return session;
}

// One worker's table, taken over from zeros.
struct SmallTable {
    explicit SmallTable(uint32_t sessions, uint32_t now = 1)
        : memory(Table::bytes_for(sessions)), table(memory.bytes(), sessions) {
        table.adopt(now);
        table.set_writers(Writers::one);
        writer = std::make_unique<Writer>(table, 0, 1, short_timeouts);
    }
    // With one worker, that is between bursts here, the readers have always passed.
    void pass_grace_period(uint32_t now = 1) {
        writer->begin_grace_period();
        writer->end_grace_period();
        for (unsigned i = 0; i < Writer::most_retired / Writer::given_a_call; ++i) {
            writer->expire(now, {});
        }
    }
    Flow find(const FlowKey& key) const { return table.index().find(key); }

    Memory memory;
    Table table;
    std::unique_ptr<Writer> writer;
};

// Empty if all is as it must be while nobody works on the table: every live session is in the
// index once by each key and where it is found, nothing else is; what is not live is free.
inline std::string what_is_wrong_with(const Table& table) {
    std::vector<uint8_t> times(2 * size_t{table.capacity()});
    std::map<const Bucket*, uint32_t> away;
    const Index& index = table.index();
    for (const Bucket& bucket : index.buckets()) {
        if ((bucket.control.load() & Bucket::locked_bit) != 0) return "a bucket is locked";
        for (unsigned slot = 0; slot < Bucket::slots; ++slot) {
            if (bucket.tags[slot].load() == 0) continue;
            const Flow flow = Flow::from_bits(bucket.value(slot));
            if (flow.place() >= table.capacity()) return "the index leads out of the table";
            const Session& session = table.session(flow.place());
            if (!session.is_live()) return "the index leads to a session that is not live";
            const uint64_t hash = index.hash(session.key(flow.direction()));
            if (Index::tag(hash) != bucket.tags[slot].load()) return "wrong tag";
            if (&bucket != &index.first(hash)) {
                if (&bucket != &index.second(hash)) return "wrong bucket";
                ++away[&index.first(hash)];
            }
            if (++times[flow.bits()] > 1) return "a flow is in the index twice";
        }
    }
    for (const Bucket& bucket : index.buckets()) {
        if (bucket.away() != away[&bucket]) return "wrong count of keys that are away";
    }
    uint32_t live = 0;
    for (uint32_t place = 0; place < table.capacity(); ++place) {
        const Session& session = table.session(place);
        const auto condition = Session::condition_of(session.commit.load());
        if (condition == Condition::free) {
            if (!table.free_places().is_free(place)) return "a free place is lost";
            continue;
        }
        if (condition != Condition::live) return "something is half made or half removed";
        if (table.free_places().is_free(place)) return "a live session's place counts as free";
        ++live;
        for (const Direction direction : {Direction::outbound, Direction::inbound}) {
            const Flow flow = index.find(session.key(direction));
            if (flow != Flow(place, direction)) return "a live session is not found";
        }
    }
    if (live + table.free_places().count() != table.capacity()) return "live and free are not all";
    return {};
}

}  // namespace sluice::flow
