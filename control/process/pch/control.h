// SPDX-License-Identifier: BSD-3-Clause
// What most files of this room include, compiled once. A file still includes what it uses.

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "control/config/json.h"
#include "lib/log.h"
