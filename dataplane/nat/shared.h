// SPDX-License-Identifier: BSD-3-Clause
// What all workers share of the NAT: sessions, mappings, counts. Only the sessions outlive the
// process; the rest follows from them.
#pragma once
#include <algorithm>
#include <atomic>
#include <cstddef>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "dataplane/nat/probe.h"
#include "dataplane/nat/rules.h"
#include "lib/flow/table.h"
#include "lib/layout/nat_log.h"
#include "lib/nat/counts.h"
#include "lib/nat/ftp_records.h"
#include "lib/nat/mapper.h"
#include "lib/nat/mappings.h"

namespace sluice::nat {

inline constexpr uint32_t no_mapping = ~uint32_t{0};  // of SessionFacts::mapping

// What outlives the process: memory aligned to 64, zeroed or as a dataplane that was killed left
// it.
struct Memory {
    std::span<std::byte> mappings;  // Mappings::bytes_for(addresses)
    uint32_t addresses;
    std::span<std::byte> sessions_memory;  // flow::Table::bytes_for(sessions)
    uint32_t sessions;
    std::span<std::byte> ftp_records = {};  // FtpRecords::bytes, or none to outlive nothing
};

// Blocks of ports that no rule gives out any more. One worker takes them from their hosts and
// tells the log, an address a tick, and then says that it has.
struct DepartedBlocks {
    struct Part {
        std::shared_ptr<BlockAllocator> blocks;
        uint16_t rule;
        External at;
    };
    std::vector<Part> parts;
    size_t left = 0;  // the worker's: parts that it has not taken
    std::atomic<bool> all_taken = false;
};

class Shared {
  public:
    explicit Shared(const Memory& memory);

    // Before workers start: takes over the sessions that are whole, and with them their mappings.
    // Those whose external endpoint is another's are dropped, and `log` is told. Rules come later:
    // a session whose rule is gone is ended by the workers.
    struct Adopted {
        flow::Table::Adopted sessions;
        uint32_t contradictions = 0;
    };
    Adopted adopt(uint64_t now_ns, const QuarantineTimes& times,
                  std::span<layout::NatLogRing> log = {});

    // How many workers there are; several, unless this is said. The main thread changes nothing but
    // which ports are reserved while they work, and those bits are always locked.
    void set_writers(flow::Writers writers) noexcept {
        table.set_writers(writers);
        mappings.set_writers(writers);
        counts.set_writers(writers);
    }

    // For the plan. Main thread.
    Supply supply() {
        return {[this](net::Ipv4Address a) { return mappings.enlist(a); },
                [this](const Rule& rule) { return blocks_of(rule); }};
    }
    // What rules had that are gone, or that have other addresses now. Each part once; main thread,
    // when no worker uses older rules. Null where there is none.
    std::shared_ptr<DepartedBlocks> take_departed_blocks(const Rules* rules);

    // Addresses that no rule shares out any more give their numbers back, once nothing of theirs is
    // in use. Main thread, when no worker uses older rules. Null: there are no rules.
    void drop_unused(const Rules* rules) noexcept;

    // Ports that forwards answer at are handed out to nobody. Main thread; again while it returns
    // how many of them a mapping still has.
    uint32_t reserve_forwards(const Rules& rules);

    flow::Table table;
    Mappings mappings;
    CountTable counts;
    ProbeAnswers answers;
    FtpRecords ftp_records;

  private:
    struct Reserved {
        PortClass port_class;
        uint16_t number;
        PortRange ports;
    };
    uint32_t reserve(const Rule& forward, const Rules& rules);
    std::vector<Reserved> reserved_;
    struct RulesBlocks {
        std::shared_ptr<BlockAllocator> blocks;
        std::vector<External> at;  // where hosts may have some
        void add(const External& e) {
            if (std::ranges::find(at, e) == at.end()) at.push_back(e);
        }
    };
    std::map<uint16_t, RulesBlocks> blocks_;  // by the rule's id
    std::shared_ptr<BlockAllocator> blocks_of(const Rule& rule);
    void adopt_blocks(uint16_t rule, RulesBlocks& of_rule);

    bool adopt_all(const flow::Session& session) noexcept;
    bool adopt_mapping(const flow::SessionFacts& facts) noexcept;
    void adopt_counts(const flow::SessionFacts& facts) noexcept;
};

// A mapping, and who has it.
struct Mapped {
    Endpoint endpoint;  // inside
    MappingId id;
    bool is_whole_address() const noexcept { return id.port_class() == PortClass::address; }
};

// Keys of counts. A subscriber is an address inside; the limit is its rule's.
constexpr uint64_t subscriber_key(uint16_t rule, net::Ipv4Address subscriber) noexcept {
    return uint64_t{1} << 62 | uint64_t{rule} << 32 | subscriber.value;
}
constexpr uint64_t permission_key(MappingId mapping, net::Ipv4Address remote) noexcept {
    return uint64_t{2} << 62 | uint64_t{mapping.bits()} << 32 | remote.value;
}
// External ports that a subscriber has, by whatever rules.
constexpr uint64_t ports_key(net::Ipv4Address subscriber) noexcept {
    return uint64_t{3} << 62 | subscriber.value;
}

// What a session holds besides its place in the table.
struct Holdings {
    uint32_t mapping = no_mapping;
    uint16_t flags = 0;
    net::Ipv4Address subscriber;
    net::Ipv4Address remote;  // who may send to the mapping
};
Holdings holdings_of(const flow::SessionFacts& facts) noexcept;

// Gives it back: its share of a mapping, of a block of ports, of counts. `rule` is the session's,
// null where that is gone.
void give_back(Shared& shared, Mapper& mapper, const Holdings& held, uint16_t rule_id,
               const Rule* rule, uint32_t now) noexcept;

// All ports rest as long.
constexpr QuarantineTimes quarantine_of(const layout::NatSettings& s) noexcept {
    return {s.quarantine_s, s.quarantine_s, s.quarantine_s, s.quarantine_s};
}

}  // namespace sluice::nat
