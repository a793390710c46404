// SPDX-License-Identifier: BSD-3-Clause
// Names for the numbers in a trace, as control knows them now.
#pragma once
#include <string>

#include "control/api/rpc.h"
#include "control/trace/describe.h"

namespace sluice::api {

// Refers to `control`.
trace::Names names_of(const Control& control);

// Throws Failure where no interface has this name.
layout::InterfaceId interface_of(const Control& control, const std::string& name);

}  // namespace sluice::api
