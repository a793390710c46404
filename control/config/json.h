// SPDX-License-Identifier: BSD-3-Clause
// nlohmann::json, whose reader and writer of text are compiled once (json.cpp), and not anew in
// each of the dozens of files that use it.
#pragma once
#include <string>

#include <nlohmann/json.hpp>

#define SLUICE_JSON_TEMPLATES(how)                                                             \
    how class nlohmann::detail::serializer<nlohmann::json>;                                    \
    how class nlohmann::detail::parser<nlohmann::json,                                         \
                                       nlohmann::detail::iterator_input_adapter<const char*>>; \
    how class nlohmann::detail::parser<                                                        \
        nlohmann::json, nlohmann::detail::iterator_input_adapter<std::string::const_iterator>>;

SLUICE_JSON_TEMPLATES(extern template)
