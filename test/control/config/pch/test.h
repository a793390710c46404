// SPDX-License-Identifier: BSD-3-Clause
// What most files of this room include, compiled once. A file still includes what it uses.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "control/config/json.h"
