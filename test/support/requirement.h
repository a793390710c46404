// SPDX-License-Identifier: BSD-3-Clause
// Ties a test to what a standard asks:
//
//   REQUIREMENT("RFC 1812 5.2.2", "A packet whose header checksum is wrong is discarded");
//
// docs/conformance.md is made of these (test/path/conformance.py).
#pragma once
#include <gtest/gtest.h>

#define REQUIREMENT(section, sentence) ::testing::Test::RecordProperty(sentence, section)
