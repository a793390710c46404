// SPDX-License-Identifier: BSD-3-Clause
// The arguments that name an endpoint (scan.h), read and written.
#pragma once
#include <array>
#include <optional>
#include <string_view>

#include "dataplane/nat/ftp/scan.h"
#include "lib/nat/mapping.h"

namespace sluice::nat::ftp {

struct Text {
    std::array<char, 48> bytes;
    uint8_t length = 0;

    std::string_view view() const noexcept { return {bytes.data(), length}; }
};

// Nothing where it is none, as of another protocol (RFC 2428's "|2|"). A 229 names no address:
// it is `speaker`'s.
std::optional<Endpoint> read(Form form, std::string_view argument, uint32_t speaker) noexcept;
Text write(Form form, Endpoint endpoint) noexcept;

}  // namespace sluice::nat::ftp
