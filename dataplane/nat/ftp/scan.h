// SPDX-License-Identifier: BSD-3-Clause
// Finds in FTP's control connection what names an endpoint of the data connection:
//
//   PORT h1,h2,h3,h4,p1,p2        RFC 959 4.1.2      227 ... (h1,h2,h3,h4,p1,p2)    RFC 959 5.4
//   EPRT |1|192.0.2.1|6275|       RFC 2428 2         229 ... (|||6446|)             RFC 2428 3
//
// The connection is read line by line, and the place in the line is kept from segment to segment.
// So a line may come in pieces, as long as its argument (what begins with h1, the first "|" or
// "(" above) comes in one. Pieces of an argument are told as `refused`.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace sluice::nat::ftp {

enum class Form : uint8_t { port, eprt, passive, extended_passive, refused };

// Who speaks.
enum class Side : uint8_t { client, server };

enum class Part : uint8_t {
    verb,     // still at its first letters
    text,     // between the verb and its argument
    refused,  // in an argument that came in pieces
    rest      // nothing in it is of interest
};

// The place in a line; all zeros is its beginning.
struct Place {
    Part part = Part::verb;
    uint8_t letters = 0;  // of the verb, that have been read
    uint8_t not_it = 0;   // forms that the line can not be: bits by Form

    static Place unpack(uint32_t bits) noexcept;
    uint32_t pack() const noexcept;
};

// Of the bytes that were read, and what it is of.
struct Argument {
    Form form;
    size_t begin, end;
};

// Reads on from `at` to the end of the next argument, or to the end of all.
std::optional<Argument> next_argument(Side side, Place& place, std::span<const uint8_t> bytes,
                                      size_t& at) noexcept;

}  // namespace sluice::nat::ftp
