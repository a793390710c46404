// SPDX-License-Identifier: BSD-3-Clause
// What most files of this room include, compiled once. A file still includes what it uses.

#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "lib/log.h"
