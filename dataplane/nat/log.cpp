// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/nat/log.h"

#include <algorithm>
#include <cstring>
#include <string_view>
#include <unordered_map>

#include "dataplane/nat/session_state.h"
#include "dataplane/nat/translator.h"

namespace sluice::nat {
namespace {

using layout::NatLogEndpoints;
using layout::NatLogKind;
using layout::NatLogRecord;

NatLogEndpoints endpoints_of(const flow::SessionFacts& f) noexcept {
    const flow::FlowKey& out = f.keys[0];
    const flow::FlowKey& in = f.keys[1];
    return {.internal = out.source.host(),
            .external = in.destination.host(),
            .remote_inside = out.destination.host(),
            .remote = in.source.host(),
            .internal_port = out.source_port.host(),
            .external_port = in.destination_port.host(),
            .remote_inside_port = out.destination_port.host(),
            .remote_port = in.source_port.host()};
}

NatLogRecord record_of(const flow::SessionFacts& f, NatLogKind kind, uint64_t now_ns) noexcept {
    NatLogRecord record{};
    record.time_ns = now_ns;
    record.at = endpoints_of(f);
    record.rule = f.rule;
    record.kind = kind;
    record.protocol = f.keys[0].protocol;
    record.created = f.created;
    return record;
}

bool wants(const Context& c, uint32_t events) noexcept {
    return c.nat->log() != nullptr && c.plan->nat != nullptr &&
           (c.plan->nat->settings().log_events & events) != 0;
}

}  // namespace

bool logs_sessions(const Context& c, const Rule& rule) noexcept {
    if (!wants(c, layout::log_sessions)) return false;
    switch (rule.wish.port_choice) {
        case layout::NatPortChoice::blocks: return !wants(c, layout::log_port_blocks);
        case layout::NatPortChoice::deterministic: return false;
        default: return true;
    }
}

void log_created(Context& c, const flow::SessionFacts& facts) noexcept {
    if ((facts.flags & is_logged) == 0) return;
    c.nat->log()->push(record_of(facts, NatLogKind::session_created, c.now_ns));
}

void log_ended(Context& c, const flow::SessionFacts& facts) noexcept {
    if ((facts.flags & is_logged) == 0 || c.nat->log() == nullptr) return;
    c.nat->log()->push(record_of(facts, NatLogKind::session_ended, c.now_ns));
}

void log_refused(Context& c, const flow::FlowKey& packet, const Rule& rule, layout::EventKind why,
                 net::Ipv4Address external) noexcept {
    const bool is_limit = why == layout::EventKind::nat_subscriber_limit;
    if (!wants(c, is_limit ? layout::log_limits : layout::log_exhaustion)) return;
    NatLogRecord record{};
    record.time_ns = c.now_ns;
    record.at = {.internal = packet.source.host(),
                 .external = external.value,
                 .remote_inside = packet.destination.host(),
                 .remote = packet.destination.host(),
                 .internal_port = packet.source_port.host(),
                 .external_port = 0,
                 .remote_inside_port = packet.destination_port.host(),
                 .remote_port = packet.destination_port.host()};
    record.rule = rule.wish.id;
    record.protocol = packet.protocol;
    if (is_limit) {
        record.kind = NatLogKind::subscriber_limit;
        record.limit = rule.wish.sessions_a_subscriber;
    } else if (why == layout::EventKind::nat_table_full) {
        record.kind = NatLogKind::sessions_exhausted;
        record.limit = c.nat->shared().table.capacity();
    } else {
        record.kind = rule.wish.kind == NatKind::dynamic ? NatLogKind::addresses_exhausted
                                                         : NatLogKind::ports_exhausted;
    }
    c.nat->log()->push(record);
}

void log_block(Context& c, NatLogKind kind, uint16_t rule, net::Ipv4Address subscriber,
               net::Ipv4Address external, PortRange ports) noexcept {
    if (!wants(c, layout::log_port_blocks)) return;
    NatLogRecord record{};
    record.time_ns = c.now_ns;
    record.at.internal = subscriber.value;
    record.at.external = external.value;
    record.at.external_port = ports.first;
    record.last_port = ports.last;
    record.rule = rule;
    record.kind = kind;
    c.nat->log()->push(record);
}

namespace {

struct Who {
    NatLogEndpoints at;
    uint32_t protocol;
    bool operator==(const Who&) const noexcept = default;
};
static_assert(std::has_unique_object_representations_v<Who>);

struct HashWho {
    size_t operator()(const Who& who) const noexcept {
        return std::hash<std::string_view>()({reinterpret_cast<const char*>(&who), sizeof who});
    }
};

// The last word of the rings on each session that they tell of.
class LastWords {
  public:
    explicit LastWords(LogRings rings) {
        for (const layout::NatLogRing& ring : rings) read(ring);
    }
    // Whether, by the rings, the session lives. One of which they tell nothing was told of if it
    // is as old as the oldest that they still hold.
    bool lives(const flow::SessionFacts& f) const {
        const auto word = words_.find({endpoints_of(f), f.keys[0].protocol});
        if (word == words_.end()) return f.created <= reach_;
        return word->second.kind == NatLogKind::session_created;
    }

  private:
    struct Word {
        uint64_t time_ns;
        NatLogKind kind;
    };
    void read(const layout::NatLogRing& ring) {
        const uint64_t written = ring.written.load(std::memory_order_acquire);
        const uint64_t held = std::min<uint64_t>(written, ring.size() - 1);
        NatLogRecord record;
        for (uint64_t n = written - held; n < written && ring.read(n, record); ++n) {
            const auto tick = static_cast<uint32_t>(record.time_ns / 1'000'000'000);
            if (n == written - held && n > 0) reach_ = std::max(reach_, tick);
            note(record);
        }
    }
    void note(const NatLogRecord& r) {
        if (r.kind != NatLogKind::session_created && r.kind != NatLogKind::session_ended) return;
        Word& word = words_[{r.at, r.protocol}];
        if (r.time_ns >= word.time_ns) word = {r.time_ns, r.kind};
    }

    std::unordered_map<Who, Word, HashWho> words_;
    uint32_t reach_ = 0;  // tick, after which the rings hold everything
};

}  // namespace

// A session is told of when it lives, and so not while it is being made. One that is half removed
// either has lived or, since its external flow was taken, never came to be: then the rings, which
// reach back to any such moment, do not say that it was created.
void make_log_whole(LogRings rings, std::span<const flow::Session> sessions, uint64_t now_ns) {
    if (rings.empty()) return;
    const LastWords told(rings);
    for (const flow::Session& s : sessions) {
        const auto condition = flow::Session::condition_of(s.commit.load());
        if (condition == flow::Condition::free || condition == flow::Condition::making) continue;
        if ((s.facts.flags & is_logged) == 0) continue;
        const bool lives = condition == flow::Condition::live;
        if (told.lives(s.facts) == lives) continue;
        rings[0].push(record_of(
            s.facts, lives ? NatLogKind::session_created : NatLogKind::session_ended, now_ns));
    }
}

void log_ended(LogRings rings, const flow::SessionFacts& facts, uint64_t now_ns) noexcept {
    if (rings.empty() || (facts.flags & is_logged) == 0) return;
    rings[0].push(record_of(facts, NatLogKind::session_ended, now_ns));
}

}  // namespace sluice::nat
