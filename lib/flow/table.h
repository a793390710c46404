// SPDX-License-Identifier: BSD-3-Clause
// The session table: what lies where in its memory, and how a process takes it over.
//
//   header │ sessions, 64 bytes each │ index │ looking times │ free places
//
// Only header and sessions carry meaning from one process to the next. The rest is made anew by
// adopt(), which is also how a new table begins: all zeros is an empty one. A session costs
// bytes_per_session in all, and the table takes exactly as many as it was made for.
//
// Any worker finds any session, without a lock, through index(). To add, change and remove, each
// worker has a Writer (writer.h). A session found in a burst stays what it is, though it may end,
// until the worker passes a quiescent state: its place is not used again before.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

#include "lib/flow/free_places.h"
#include "lib/flow/index.h"
#include "lib/flow/session.h"

namespace sluice::flow {

inline constexpr uint32_t most_sessions = 1u << 30;
inline constexpr unsigned keys_per_bucket = 6;  // at the full table, of ten slots

struct TableHeader {
    std::atomic<uint32_t> capacity;  // 0 in a table that nobody took yet
    uint32_t reserved[15];
};
static_assert(sizeof(TableHeader) == 64);

// When a session is to be looked at next, a tick; 0 for never. Apart from the sessions, so that
// looking through a million of them for those whose time has come reads 4 MB, not 64.
using LookAt = std::atomic<uint32_t>;

inline constexpr double bytes_per_session =
    sizeof(Session) + 2.0 * sizeof(Bucket) / keys_per_bucket + sizeof(LookAt) + 1 / 8.0;
static_assert(bytes_per_session < 96);

class Table {
  public:
    // Multiples of 64. `sessions` is 1 to most_sessions.
    static size_t bytes_for(uint32_t sessions) noexcept;

    // Memory aligned to 64 and as long as bytes_for(sessions), zeroed or as a process that was
    // killed left it. Throws std::invalid_argument if it was made for another number.
    Table(std::span<std::byte> memory, uint32_t sessions);
    Table(const Table&) = delete;
    Table& operator=(const Table&) = delete;

    // Before any worker starts: keeps what is live, drops what is half made or half removed and
    // what can not be (two sessions with one key), and makes index and free places. The first
    // look at each session is due at once. `now` is the tick of a clock that goes on across
    // processes. About 60 ns a session.
    struct Adopted {
        uint32_t kept = 0;
        uint32_t half_made = 0;
        uint32_t half_removed = 0;
        uint32_t refused = 0;
    };
    Adopted adopt(uint32_t now) noexcept;

    // Before any Writer is used; several, unless this is said.
    void set_writers(Writers writers) noexcept { index_.set_writers(writers); }

    const Index& index() const noexcept { return index_; }
    Session& session(uint32_t place) const noexcept { return sessions_[place]; }
    std::span<const Session> sessions() const noexcept { return sessions_; }
    uint32_t capacity() const noexcept { return static_cast<uint32_t>(sessions_.size()); }
    const FreePlaces& free_places() const noexcept { return free_; }

    // The sessions in a memory that someone else writes, for copy_live(); empty where there are
    // none. Never longer than the memory.
    static std::span<const Session> sessions_in(std::span<const std::byte> memory) noexcept;

  private:
    friend class Writer;
    struct Parts;
    static TableHeader& checked_header(std::span<std::byte> memory, uint32_t sessions);
    bool is_whole(const Session& session) const noexcept;
    bool link_both(uint32_t place) noexcept;

    TableHeader& header_;
    std::span<Session> sessions_;
    std::span<LookAt> look_at_;  // a multiple of 64 of them
    Index index_;
    FreePlaces free_;
};

}  // namespace sluice::flow
