// SPDX-License-Identifier: BSD-3-Clause
// A worker's hand on the session table: makes sessions, ends them, lets them expire.
//
// One Writer a worker, each used by its worker's thread alone; all of them at the same time.
// Nothing here blocks: what another worker is in the way of is `busy`, and the caller drops the
// packet or tries again with the next one.
//
// Places are shared out evenly. A worker makes sessions in its own share while there is room, of
// which it takes up to 64 places at a time, and keeps what it does not need at once until the next
// expire(); and in others' when not. Expiry is the work of whoever has the share, so that it needs
// no list of owners, no hand-over when the number of workers changes, and finds its work in order
// of memory. Any worker may end any session: the step from `live` to `ending` is a
// compare-and-swap, and only one makes it.
//
// A session that ended keeps its place, and its facts can still be read, until every worker has
// passed a quiescent state. Who knows that is the caller, who brackets the wait:
//
//   begin_grace_period() ─▶ note every worker's number ─▶ all have grown ─▶ end_grace_period()
//
// After it, places are given back a few a call.
//
// Every place is looked through once a tick, a few cache lines a call, for sessions whose time to
// be looked at has come. A session that was used meanwhile is given a later time. So a packet
// writes no timer, and a session is looked at once per idle timeout and not more.
#pragma once
#include <array>
#include <cstdint>
#include <span>

#include "lib/flow/table.h"

namespace sluice::flow {

// Idle time, in ticks of at least 1, after which a session ends; by the low 8 bits of
// Session::state, modulo the number of classes.
struct Timeouts {
    static constexpr unsigned classes = 16;
    std::array<uint32_t, classes> ticks;
    // The class in which a session goes on then, instead of ending; 0: it ends.
    std::array<uint8_t, classes> then{};

    uint32_t of(uint32_t state) const noexcept { return ticks[class_of(state)]; }
    uint8_t after(uint32_t state) const noexcept { return then[class_of(state)]; }

  private:
    static uint32_t class_of(uint32_t state) noexcept { return state & 0xff & (classes - 1); }
};

struct NewSession {
    FlowKey outbound;
    FlowKey inbound;
    uint32_t state = 0;
    uint32_t mapping = 0;
    uint16_t rule = 0;
    uint16_t flags = 0;
};

enum class Status : uint8_t {
    ok,
    exists,      // the outbound key has a session already; `flow` is it
    taken,       // the inbound key belongs to another session; `flow` is it
    busy,        // another worker is in the way, or readers are behind: try again
    full,        // no place is free; whether the keys are was not looked at
    index_full,  // no room for one of the keys; not seen yet
    gone,        // no live session is there
};
const char* describe(Status) noexcept;

class Writer {
  public:
    static constexpr unsigned most_retired = 1024;  // sessions that may wait for the readers
    static constexpr unsigned looks_a_call = 512;   // looking times that expire() reads
    static constexpr unsigned visits_a_call = 16;   // sessions that expire() reads
    static constexpr unsigned given_a_call = 32;    // places that expire() gives back

    // `worker` is below `workers`. The timeouts must live as long as they are set.
    Writer(Table& table, unsigned worker, unsigned workers, const Timeouts& timeouts);
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;

    // Sessions that these end sooner end with the next look through all places.
    void set_timeouts(const Timeouts& timeouts) noexcept {
        timeouts_ = &timeouts;
        look_again_ = true;
    }

    // Anything but ok leaves the table as it was.
    struct Made {
        Status status;
        Flow flow;  // outbound flow of what was made; or see Status
    };
    Made insert(const NewSession& session, uint32_t now) noexcept;
    // The same for who knows what the keys' hashes are, and has fetched their buckets.
    struct Hashes {
        uint64_t outbound;
        uint64_t inbound;
    };
    Made insert(const NewSession& session, const Hashes& hashes, uint32_t now) noexcept;
    // For fetching ahead: the places that so many calls of insert() from now on will take.
    void prefetch_places(unsigned inserts) noexcept;
    // ok for the one caller who ended it; nobody finds it any more. Else gone, or busy.
    Status remove(uint32_t place, uint32_t now) noexcept;
    // The NAT's state and timeout class, of a session found in this burst. False if the state is
    // not `before` any more: a packet of the other direction was faster, on another worker.
    bool change_state(uint32_t place, uint32_t before, uint32_t after, uint32_t now) noexcept;

    // Once a burst or so. Ends sessions whose idle time is over and writes their places, whose
    // facts stay readable until the next end_grace_period(); returns how many. Bounded by the
    // constants above and the room given; next to nothing once all was looked at in a tick.
    unsigned expire(uint32_t now, std::span<uint32_t> ended) noexcept;
    // Those that the last expire() has let go on in another class.
    std::span<const uint32_t> let_go_on() const noexcept { return {go_on_.data(), go_on_count_}; }

    // False if there is nothing to wait for, or the last period's places are not given back yet.
    bool begin_grace_period() noexcept;
    void end_grace_period() noexcept { readers_passed_ = true; }
    unsigned retired() const noexcept { return lists_[0].size + lists_[1].size; }

    // Whose share the place is in.
    static unsigned owner_of(uint32_t place, uint32_t capacity, unsigned workers) noexcept;

  private:
    struct Places {
        std::array<uint32_t, most_retired> at;
        unsigned size = 0;
        void add(uint32_t place) noexcept { at[size++] = place; }
    };

    bool can_retire() const noexcept { return retired_->size < most_retired; }
    uint32_t take_place() noexcept;
    void take_ahead() noexcept;
    void give_back_ahead() noexcept;
    void prefetch_place(uint32_t place) const noexcept;
    void fill(Session& session, const NewSession& made, uint32_t now) noexcept;
    void end(uint32_t place, uint64_t generation, uint32_t now) noexcept;
    void give_back_some() noexcept;
    void begin_sweep(uint32_t now) noexcept;
    unsigned find_due(uint32_t now, unsigned room, uint32_t* due) noexcept;
    bool visit(uint32_t place, uint32_t now) noexcept;
    void let_go_on(uint32_t place, uint32_t state, uint32_t deadline, uint32_t now) noexcept;

    Table& table_;
    const Timeouts* timeouts_;
    uint32_t share_begin_;
    uint32_t share_end_;
    uint32_t next_place_;    // where those are looked for that are taken ahead
    uint32_t ahead_at_ = 0;  // of the 64 places that this one is among
    uint64_t ahead_ = 0;     // those that are taken, and no session's yet

    uint32_t sweep_at_;
    uint32_t sweep_tick_ = 0;
    uint32_t sweep_ahead_ = 0;  // ticks by which times to come are taken for due
    bool look_again_ = false;

    std::array<uint32_t, visits_a_call> go_on_;
    unsigned go_on_count_ = 0;

    Places lists_[2];
    Places* retired_ = &lists_[0];   // since the last begin_grace_period()
    Places* awaiting_ = &lists_[1];  // before it
    bool readers_passed_ = false;
};

// Which of 64 looking times have come; for expire() and its test.
uint64_t due_of_64(const LookAt* looks, uint32_t now) noexcept;
uint64_t due_of_64_plain(const LookAt* looks, uint32_t now) noexcept;

}  // namespace sluice::flow
