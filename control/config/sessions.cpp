// SPDX-License-Identifier: BSD-3-Clause
#include "control/config/sessions.h"

#include "control/config/fields.h"

namespace sluice::config {

void read_sessions(const nlohmann::json& section, Reading& reading) {
    Sessions& sessions = reading.config.sessions;
    const Fields fields(section, reading.mistakes);
    fields.read("max", sessions.max);
    fields.read("udp_s", sessions.udp_s);
    fields.read("tcp_established_s", sessions.tcp_established_s);
    fields.read("tcp_transitory_s", sessions.tcp_transitory_s);
    fields.read("icmp_s", sessions.icmp_s);
    fields.read("other_s", sessions.other_s);
    fields.read("syn_wait_s", sessions.syn_wait_s);
    fields.read("quarantine_s", sessions.quarantine_s);
    fields.read("fragment_s", sessions.fragment_s);
}

}  // namespace sluice::config
