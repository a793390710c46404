// SPDX-License-Identifier: BSD-3-Clause
// What a session needs besides its place in the table: a port at an external address, its share
// of what a subscriber may have, leave for its remote to send back. Taken step by step, and given
// back in the end unless the session came to be.
#pragma once
#include "dataplane/context.h"
#include "dataplane/ipv4/route.h"
#include "dataplane/nat/log.h"
#include "dataplane/nat/ports.h"
#include "dataplane/nat/rules.h"
#include "dataplane/nat/shared.h"
#include "dataplane/nat/tuple.h"

namespace sluice::nat {

// The addresses at which the rule gives a source another one; and which of them an internal
// address is at. RFC 4787 REQ-2: that follows from it, by arithmetic where ports do, else by a
// hash. To an interface: its address in the next hop's network.
inline std::span<const External> externals_of(const Rule& rule) noexcept {
    return rule.wish.kind == NatKind::forward ? rule.source_externals : rule.externals;
}
unsigned home_of(const Plan& plan, const Rule& rule, const ipv4::Route& route,
                 net::Ipv4Address internal) noexcept;

class Hold {
  public:
    // `subscriber`: the address inside.
    Hold(Context& c, const Rule& rule, net::Ipv4Address subscriber) noexcept
        : c_(c), rule_(rule), subscriber_(subscriber) {}
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;
    ~Hold() {
        if (!kept_) give_back();
    }
    void keep() noexcept { kept_ = true; }

    // RFC 6888 REQ-4. Drops: nat_subscriber_limit.
    Verdict count_session(const flow::FlowKey& packet) noexcept;
    // Writes the packet's new source into `leaves`. Drops: nat_no_port, nat_table_full, nat_busy.
    Verdict take_source(const flow::FlowKey& packet, const Home& home,
                        flow::FlowKey& leaves) noexcept;
    // A port at this very address for an endpoint inside, shared with no other. Drops: the same.
    Verdict take_own_port(Endpoint internal, net::Ipv4Address at,
                          const flow::FlowKey& packet) noexcept;
    // An address of its own for a host, of a dynamic rule's pool. Drops: the same.
    Verdict take_own_address(net::Ipv4Address internal, const flow::FlowKey& packet) noexcept {
        return use(Taken{take_address(internal.value)}, packet);
    }
    // A record for an FTP connection. Drops: nat_table_full.
    Verdict take_record(const flow::FlowKey& owner) noexcept;
    // One more session on a mapping of the host inside. Drops: nat_busy, nat_table_full.
    Verdict join(MappingId mapping, Endpoint internal, const flow::FlowKey& packet) noexcept;
    // RFC 4787 REQ-8: where the rule filters by address, the remote may send to the mapping now.
    void permit(net::Ipv4Address remote) noexcept;

    uint32_t mapping() const noexcept { return mapping_; }
    uint16_t flags() const noexcept { return flags_; }
    uint32_t record() const noexcept { return record_; }

  private:
    void give_back() noexcept;
    net::Ipv4Address address_at(uint32_t number, unsigned home) const noexcept;
    Acquired take_address(uint32_t internal) noexcept;
    Verdict use(const Taken& taken, const flow::FlowKey& packet) noexcept;

    Context& c_;
    const Rule& rule_;
    net::Ipv4Address subscriber_;
    net::Ipv4Address home_{};  // where its ports would be
    net::Ipv4Address remote_{};
    uint32_t mapping_ = no_mapping;
    uint32_t record_ = 0;
    uint16_t flags_ = 0;  // of the session
    bool kept_ = false;
};

// Counts a flow that is refused, and says so once a second. For the packet's drop.
Verdict refuse_flow(Context& c, const flow::FlowKey& packet, const Rule& rule, DropReason why,
                    layout::EventKind event, const Shortage& shortage = {}) noexcept;

}  // namespace sluice::nat
