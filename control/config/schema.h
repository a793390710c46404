// SPDX-License-Identifier: BSD-3-Clause
// The published JSON Schema of the configuration (config/schema/sluice.schema.json), which the
// binary carries with it: what may stand where, of what type, in what range, by what default.
//
// Words of our own, which other readers of the schema pass over:
//   "x-expects"   how a message calls what belongs there, where type and range do not say it well
//   "x-identity"  of an array: the members that tell its items apart ([]: the items themselves),
//                 so that a difference is told by name and not by number in the list
//   "x-unnamed"   of such an array: the member that with its place names an item without a name
//   "x-ordered"   true of such an array whose order counts
#pragma once
#include <string>
#include <string_view>

#include "control/config/json.h"
#include "control/config/mistakes.h"

namespace sluice::config {

const nlohmann::json& schema();
std::string_view schema_source();  // as published, for `sluice` to print

// Every violation, told once, at the value that is wrong.
void check_against_schema(const nlohmann::json& document, Mistakes& mistakes);

// The schema of a member or an item; null where there is none. References are followed.
const nlohmann::json* schema_of_member(const nlohmann::json& of, const std::string& name);
const nlohmann::json* schema_of_items(const nlohmann::json& of);

// The document with everything written out that it leaves to defaults, or with everything left
// out that is a default. Expects a document that the schema accepts.
nlohmann::json with_defaults(const nlohmann::json& document);
nlohmann::json without_defaults(const nlohmann::json& value, const nlohmann::json& its_schema);

}  // namespace sluice::config
