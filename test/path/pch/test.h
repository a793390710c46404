// SPDX-License-Identifier: BSD-3-Clause
// What most files of this room include, compiled once. A file still includes what it uses.

#include <gtest/gtest.h>

#include "test/path/network.h"
