// SPDX-License-Identifier: BSD-3-Clause
// The NAT's things as answers show them, and the filter that requests name sessions by.
#pragma once
#include <string>

#include "control/api/rpc.h"
#include "lib/flow/session.h"
#include "lib/layout/nat_clear.h"

namespace sluice::api {

// tcp; the number where a protocol has no name here.
std::string protocol_name(uint8_t protocol);

// Of the parameters rule, address, external, port and protocol. Throws Failure.
layout::NatSessionFilter session_filter_in(const Control& control, const Params& params);

// `now` in ticks, as the session's times.
json describe_session(const Control& control, const flow::SessionCopy& session, uint32_t now);

}  // namespace sluice::api
