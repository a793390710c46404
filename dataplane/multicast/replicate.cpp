// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/multicast/replicate.h"

#include "dataplane/discard.h"
#include "dataplane/ipv4/options.h"
#include "dataplane/ipv4/output.h"
#include "dataplane/multicast/copy.h"

namespace sluice::multicast {
namespace {

void send_copy(Context& c, Packet copy, InterfaceId by) noexcept {
    if (copy.ipv4().header_length() > sizeof(net::Ipv4Header)) ipv4::fill_options(c, copy, by);
    ipv4::Route route;
    route.adjacency.interface = by;
    route.adjacency.kind = NextHopKind::connected;
    route.next_hop = copy.ipv4().destination_address();
    const Verdict v =
        note(c, layout::Step::multicast_copy, ipv4::output(c, copy, Arrival{}, route), by);
    if (v.is_drop()) discard(c, copy, Arrival{}, v);
}

}  // namespace

Verdict replicate(Context& c, Packet packet, const Takers& takers) noexcept {
    for (const InterfaceId by : takers.all().first(takers.count() - 1)) {
        const Packet copy = copy_of(packet, c.pool);
        if (!copy) return drop(DropReason::no_buffer);
        send_copy(c, copy, by);
    }
    send_copy(c, packet, takers.all().back());
    return finished();
}

}  // namespace sluice::multicast
