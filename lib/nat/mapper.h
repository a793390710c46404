// SPDX-License-Identifier: BSD-3-Clause
// A worker's hand on the mappings: makes them, ends them, lets external ports rest.
//
// One Mapper a worker, each used by its worker's thread alone; all of them at the same time.
// Nothing here blocks: what another worker is in the way of is `busy`, and the caller drops the
// packet or tries again with the next one.
//
// A session holds its mapping: acquire first, then insert the session; end the session, then
// release. So every live session has its mapping, whenever the process is killed, and a mapping
// without a session is no more than what adoption quarantines.
#pragma once
#include <array>
#include <cstdint>
#include <span>

#include "lib/nat/mappings.h"
#include "lib/nat/quarantine.h"
#include "lib/nat/random.h"

namespace sluice::nat {

struct Wish {
    PortClass port_class;
    Endpoint internal;
    uint32_t address_index;
    PortRange range;           // of external ports
    bool keep_parity = false;  // RFC 4787 REQ-4: an even port for an even one
    bool random = true;        // RFC 6056; else the internal port if it is free, or the next
};

// What acquire() will ask about, found out ahead so that it can be fetched: where its index has the
// endpoint, and which port it will try first if it makes a mapping.
struct Foreseen {
    uint64_t hash;
    MappingId port;
    uint32_t draw;  // the random number, counted, that the port is of
};
static_assert(sizeof(Foreseen) == 16, "it is handed over in two registers");

enum class Got : uint8_t {
    existing,           // one more session on a mapping that was there
    made,               // a mapping, with one session
    no_port,            // no port of the range is free
    at_limit,           // the host has as many as it may have
    busy,               // another worker makes or ends this mapping: try again
    too_many_sessions,  // the mapping has as many as can be
    full,               // as many mappings as can be
};

struct Acquired {
    Got got;
    MappingId id;  // where got is existing or made
    bool ok() const noexcept { return got == Got::existing || got == Got::made; }
};

class Mapper {
  public:
    static constexpr unsigned ended_a_call = 64;  // quarantines that tick() ends
    static constexpr unsigned most_pending = 256;

    // The first one made takes over what rests since before the start.
    Mapper(Mappings&, const QuarantineTimes&);
    Mapper(const Mapper&) = delete;
    Mapper& operator=(const Mapper&) = delete;

    void set_quarantine(const QuarantineTimes& times) noexcept { times_ = times; }

    // Endpoint-independent (RFC 4787 REQ-1): one more session on the mapping of the internal
    // endpoint at this address, made if there is none. A port at random: of the internal port's
    // side of 1024 (REQ-3) and parity if asked, else of its side, else of the range. Finds the
    // last free port too. An existing mapping is taken as it is, whatever the range. Null: nothing
    // was foreseen.
    Acquired acquire(const Wish&, const Foreseen* = nullptr) noexcept;
    // One more session on the mapping of an internal host to a whole address of this pool, given by
    // the numbers of its addresses; made if there is none. `pool_id` tells pools apart, so that a
    // host has one address of each.
    Acquired acquire_address(uint32_t internal_address, uint16_t pool_id,
                             std::span<const uint16_t> pool) noexcept;
    // Endpoint-dependent: one more session on an external port that may have others. no_port if
    // it is somebody's, resting or reserved. The caller tries ports until the table of sessions
    // accepts the key.
    Acquired acquire_shared(PortClass, uint32_t address_index, uint16_t port) noexcept;
    // One more session on a mapping that find() told of, if it still is that endpoint's.
    Acquired join(MappingId, Endpoint internal) noexcept;
    // One session ended. The last one ends the mapping, whose port then rests (RFC 6888 REQ-8).
    // True if that was so, and the mapping had the caller's mark.
    bool release(MappingId, uint32_t now) noexcept;
    // A mark on a mapping that a session of the caller's uses; gone when the mapping ends.
    void mark(MappingId id) noexcept { mappings_.mark(id); }

    // For acquire(), if `later` mappings are made before; changes nothing. Where it turns out to
    // be another number of them, another port is drawn.
    Foreseen foresee(const Wish&, unsigned later) noexcept;

    // Once a burst or so: frees ports that have rested, a bounded number a call.
    void tick(uint32_t now) noexcept;

    const Mappings& mappings() const noexcept { return mappings_; }
    Random& random() noexcept { return random_; }

  private:
    Acquired make(MappingId, Endpoint internal, const flow::FlowKey& key, uint64_t hash) noexcept;
    MappingId first_port(const Wish&, const Foreseen*) noexcept;
    MappingId draw(const Wish&, PortRange side) noexcept;
    MappingId take_port(const Wish&, MappingId first) noexcept;
    MappingId search(const Wish&, PortRange side, uint32_t start) noexcept;
    MappingId take_of_parity(const Wish&, PortRange, uint32_t start) noexcept;
    MappingId take_whole(std::span<const uint16_t> pool) noexcept;
    void end(MappingId, uint32_t now) noexcept;
    void put_to_rest(MappingId, uint32_t now) noexcept;
    void retry_pending(uint32_t now) noexcept;

    Mappings& mappings_;
    QuarantineTimes times_;
    Quarantine quarantine_;
    Random random_;
    std::array<MappingId, most_pending> pending_;  // ended, a bucket of the index was busy
    unsigned pending_count_ = 0;
};

}  // namespace sluice::nat
