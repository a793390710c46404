// SPDX-License-Identifier: BSD-3-Clause
#include "control/api/methods.h"

namespace sluice::api {
namespace {

json describe(const std::optional<nat_log::NatLog::Status>& status) {
    if (!status) return nullptr;
    return {{"to", status->to},
            {"records", status->handed_on},
            {"lost", status->lost},
            {"waiting", status->waiting},
            {"trouble", status->trouble}};
}

json get_nat_log(Control& control, const Params&) {
    control.hand_on_nat_log();
    return {{"file", describe(control.nat_log.file())},
            {"ipfix", describe(control.nat_log.ipfix())}};
}

json reopen(Control& control, const Params&) {
    control.hand_on_nat_log();
    control.nat_log.reopen();
    return {{"file", describe(control.nat_log.file())}};
}

}  // namespace

std::span<const Method> nat_log_methods() {
    static constexpr Method methods[] = {{"nat_log.get", get_nat_log}, {"nat_log.reopen", reopen}};
    return methods;
}

}  // namespace sluice::api
