// SPDX-License-Identifier: BSD-3-Clause
#include "control/config/violations.h"

#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

#include "control/config/schema.h"

namespace sluice::config {
namespace {

const valijson::Schema& compiled_schema() {
    static const valijson::Schema& compiled = *[] {
        auto* made = new valijson::Schema;  // lives as long as the process
        const valijson::adapters::NlohmannJsonAdapter source(schema());
        valijson::SchemaParser(valijson::SchemaParser::kDraft7).populateSchema(source, *made);
        return made;
    }();
    return compiled;
}

}  // namespace

std::vector<Violation> violations(const nlohmann::json& document) {
    valijson::Validator validator;
    valijson::ValidationResults results;
    const valijson::adapters::NlohmannJsonAdapter target(document);
    if (validator.validate(compiled_schema(), target, &results)) return {};

    std::vector<Violation> found;
    for (const auto& [context, description] : results) found.push_back({context, description});
    return found;
}

}  // namespace sluice::config
