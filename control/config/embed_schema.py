# SPDX-License-Identifier: BSD-3-Clause
"""Writes the configuration's schema into a C++ source, so that the binary needs no file for it."""
import sys

schema, source = sys.argv[1:]
with open(schema, encoding="utf-8") as file:
    text = file.read()
with open(source, "w", encoding="utf-8") as file:
    file.write("// Made from sluice.schema.json.\n#include <string_view>\n"
               "namespace sluice::config {\nextern const std::string_view schema_text;\n"
               f'const std::string_view schema_text = R"sluice({text})sluice";\n}}\n')
