// SPDX-License-Identifier: BSD-3-Clause
// Who may open the API's socket.
#pragma once
#include <optional>

#include <sys/types.h>

namespace sluice::api {

struct Access {
    mode_t mode = 0660;
    std::optional<gid_t> group;  // none: the process's own
};

}  // namespace sluice::api
