// SPDX-License-Identifier: BSD-3-Clause
// What a worker needs to translate: its hands on the tables that all workers share, and what it
// keeps for itself. One thread.
#pragma once
#include <array>
#include <optional>

#include "dataplane/nat/fragments.h"
#include "dataplane/nat/session_state.h"
#include "dataplane/nat/shared.h"
#include "dataplane/nat/syn_wait.h"
#include "lib/flow/writer.h"
#include "lib/layout/nat_clear.h"
#include "lib/layout/nat_log.h"
#include "lib/layout/quiescence.h"

namespace sluice::nat {

class Translator {
  public:
    // `others`: the memory in which all workers say that they passed a quiescent state; null
    // where there is one worker and it uses nothing between bursts.
    Translator(Shared& shared, unsigned worker, unsigned workers, const layout::State* others);

    Shared& shared() noexcept { return shared_; }
    const flow::Index& index() const noexcept { return shared_.table.index(); }
    flow::Session& session(flow::Flow f) const noexcept { return shared_.table.session(f.place()); }
    flow::Writer& sessions() noexcept { return writer_; }
    Mapper& mapper() noexcept { return mapper_; }
    Fragments& fragments() noexcept { return fragments_; }
    SynWait& waiting_syns() noexcept { return syns_; }

    // The worker's ring of the log; null while none is kept.
    layout::NatLogRing* log() const noexcept { return log_; }
    void log_to(layout::NatLogRing* ring) noexcept { log_ = ring; }

    // The mapping that an external endpoint has now: of the port, or of the whole address.
    std::optional<Mapped> find_mapping(uint16_t number, uint8_t protocol,
                                       uint16_t port) const noexcept;

    // Takes these blocks from their hosts, in the ticks that come. For one worker, again and again
    // until they are taken; null where there are none.
    void take_away(DepartedBlocks* blocks) noexcept { departed_ = blocks; }

    // Ends a session and gives back what it held.
    void end(Context& c, uint32_t place) noexcept;
    // Ends the sessions that match, a part of this worker's share a tick; then the block says so.
    void clear_sessions(const layout::NatClearRequest& request) noexcept;

    // About every millisecond: idle sessions end, ports rest and come back, fragments and SYNs
    // that waited long enough go.
    void tick(Context& c) noexcept;
    // Gives back the packets that it holds.
    void clear(PacketPool& pool) noexcept;

    // At most one event of a kind a second.
    bool may_tell(layout::EventKind kind, uint32_t tick) noexcept;

  private:
    void follow(Context& c) noexcept;
    void let_go(Context& c, const flow::SessionFacts& facts, uint32_t state) noexcept;
    void pass_grace_period() noexcept;
    void end_those_without_rule(Context& c) noexcept;
    void end_those_to_clear(Context& c) noexcept;
    void take_departed_blocks(Context& c) noexcept;

    Shared& shared_;
    flow::Timeouts timeouts_{};
    flow::Writer writer_;
    Mapper mapper_;
    Fragments fragments_;
    SynWait syns_;
    layout::NatLogRing* log_ = nullptr;
    DepartedBlocks* departed_ = nullptr;
    const layout::State* others_;
    unsigned workers_;
    std::optional<layout::GracePeriod> grace_;
    uint64_t rules_seen_ = 0;  // generation of the plan whose rules all sessions were held against
    uint32_t next_checked_;    // place
    layout::NatClearRequest clearing_{};
    uint32_t next_cleared_;  // place
    uint32_t share_begin_, share_end_;
    bool sweeps_;  // one of the workers does, for all
    std::array<uint32_t, 4> told_{};
};

inline uint32_t tick_of(const Context& c) noexcept {
    return static_cast<uint32_t>(c.now_ns / 1'000'000'000);
}

}  // namespace sluice::nat
