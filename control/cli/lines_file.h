// SPDX-License-Identifier: BSD-3-Clause
// Reads a text file whole, through zlib where it is compressed (RFC 1952).
#pragma once
#include <string>

namespace sluice::cli {

// "-" is standard input. Throws std::runtime_error.
std::string read_lines_file(const std::string& path);

}  // namespace sluice::cli
