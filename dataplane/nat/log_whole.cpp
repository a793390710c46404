// SPDX-License-Identifier: BSD-3-Clause
// What a dataplane that died has not told its log: found by comparing the last words of the rings
// with what it has left.
#include <algorithm>
#include <iterator>
#include <map>
#include <string_view>
#include <tuple>
#include <unordered_map>

#include "dataplane/nat/log.h"
#include "dataplane/nat/session_state.h"

namespace sluice::nat {
namespace {

using layout::NatLogKind;
using layout::NatLogRecord;

struct Who {
    layout::NatLogEndpoints at;
    uint32_t protocol;
    bool operator==(const Who&) const noexcept = default;
};
static_assert(std::has_unique_object_representations_v<Who>);

struct HashWho {
    size_t operator()(const Who& who) const noexcept {
        return std::hash<std::string_view>()({reinterpret_cast<const char*>(&who), sizeof who});
    }
};

// Blocks by rule, external address and first port, with what was told of them last.
using Blocks = std::map<std::tuple<uint16_t, uint32_t, uint16_t>, NatLogRecord>;

uint32_t recorded_at(const NatLogRecord& r) noexcept {
    return static_cast<uint32_t>(r.time_ns / 1'000'000'000);
}

// The last word of the rings on each session and each block that they tell of.
class LastWords {
  public:
    explicit LastWords(LogRings rings) {
        for (const layout::NatLogRing& ring : rings) read(ring);
    }
    // Whether, by the rings, the session lives. One of which they tell nothing was told of if it
    // is as old as the oldest that they still hold.
    bool lives(const flow::SessionFacts& f) const {
        const NatLogRecord r = record_of(f, NatLogKind::none, 0);
        const auto word = sessions_.find({r.at, r.protocol});
        if (word == sessions_.end()) return f.created <= reach_;
        return word->second.kind == NatLogKind::session_created;
    }
    // Those that somebody has, by the rings. Not where these do not reach back to it: the end of
    // what one still tells may be what another does not tell any more.
    Blocks held_blocks() const {
        Blocks held;
        std::ranges::copy_if(blocks_, std::inserter(held, held.end()), [&](const auto& block) {
            const NatLogRecord& word = block.second;
            return word.kind == NatLogKind::block_allocated && recorded_at(word) >= reach_;
        });
        return held;
    }

  private:
    void read(const layout::NatLogRing& ring) {
        const uint64_t written = ring.written.load(std::memory_order_acquire);
        const uint64_t held = std::min<uint64_t>(written, ring.size() - 1);
        NatLogRecord record;
        for (uint64_t n = written - held; n < written && ring.read(n, record); ++n) {
            if (n == written - held && n > 0) reach_ = std::max(reach_, recorded_at(record));
            note(record);
        }
    }
    void note(const NatLogRecord& r) {
        switch (r.kind) {
            case NatLogKind::session_created:
            case NatLogKind::session_ended: return note(sessions_[{r.at, r.protocol}], r);
            case NatLogKind::block_allocated:
            case NatLogKind::block_released:
                return note(blocks_[{r.rule, r.at.external, r.at.external_port}], r);
            default: return;
        }
    }
    static void note(NatLogRecord& word, const NatLogRecord& r) {
        if (r.time_ns >= word.time_ns) word = r;
    }

    std::unordered_map<Who, NatLogRecord, HashWho> sessions_;
    Blocks blocks_;
    uint32_t reach_ = 0;  // tick, after which the rings hold everything
};

// A session is told of when it lives, and so not while it is being made. One that is half removed
// either has lived or, since its external flow was taken, never came to be: then the rings, which
// reach back to any such moment, do not say that it was created.
void tell_of_session(layout::NatLogRing& ring, const LastWords& told, const flow::Session& s,
                     uint64_t now_ns) {
    const auto condition = flow::Session::condition_of(s.commit.load());
    if (condition == flow::Condition::free || condition == flow::Condition::making) return;
    if ((s.facts.flags & is_logged) == 0) return;
    const bool lives = condition == flow::Condition::live;
    if (told.lives(s.facts) == lives) return;
    ring.push(record_of(s.facts, lives ? NatLogKind::session_created : NatLogKind::session_ended,
                        now_ns));
}

// A block is its subscriber's as long as a session of his lives that has a port of it, and the rule
// is there, without which no packet is translated.
void keep_block_of(const flow::Session& s, Blocks& blocks) {
    const bool lives = flow::Session::condition_of(s.commit.load()) == flow::Condition::live;
    if (!lives || (s.facts.flags & holds_block) == 0) return;
    const flow::FlowKey& in = s.facts.keys[1];
    const auto after =
        blocks.upper_bound({s.facts.rule, in.destination.host(), in.destination_port.host()});
    if (after == blocks.begin()) return;
    const auto block = std::prev(after);
    const auto& [rule, external, first_port] = block->first;
    const bool has_port = rule == s.facts.rule && external == in.destination.host() &&
                          in.destination_port.host() <= block->second.last_port;
    if (has_port) blocks.erase(block);
}

}  // namespace

void make_log_whole(LogRings rings, std::span<const flow::Session> sessions,
                    const HasRule& has_rule, uint64_t now_ns) {
    if (rings.empty()) return;
    const LastWords told(rings);
    Blocks left = told.held_blocks();
    for (const flow::Session& s : sessions) {
        tell_of_session(rings[0], told, s, now_ns);
        if (has_rule(s.facts.rule)) keep_block_of(s, left);
    }
    for (auto& [key, block] : left) {
        block.kind = NatLogKind::block_released;
        block.time_ns = now_ns;
        rings[0].push(block);
    }
}

}  // namespace sluice::nat
