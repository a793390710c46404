// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/discard.h"

#include "dataplane/icmp/error.h"
#include "dataplane/icmp6/error.h"
#include "dataplane/nat/translate.h"

namespace sluice {

void discard(Context& c, Packet packet, const Arrival& arrival, Verdict why) noexcept {
    c.counters.drops[static_cast<unsigned>(why.reason)].add(1);
    const bool as_it_came = !arrival.translated || nat::restore(c, packet);
    if (as_it_came) {
        (packet.is_ipv6() ? icmp6::tell_source : icmp::tell_source)(c, packet, arrival, why);
    }
    c.pool.free(packet);
}

}  // namespace sluice
