// SPDX-License-Identifier: BSD-3-Clause
#include "control/api/rpc.h"

#include <fmt/format.h>

#include "control/config/wording.h"

namespace sluice::api {
namespace {

constexpr size_t max_depth = 32;
constexpr size_t max_values = 200'000;

// Where the string that begins at `at` ends: the place of its closing quote.
size_t end_of_string(std::string_view text, size_t at) {
    at = text.find_first_of("\"\\", at + 1);
    while (at != std::string_view::npos && text[at] == '\\') {
        at = text.find_first_of("\"\\", at + 2);  // past what is escaped
    }
    return at;
}

// The parser builds what it reads, so that a text of brackets alone would take many times its
// own size; this looks first, and builds nothing.
bool is_bounded(std::string_view text) {
    size_t depth = 0, values = 0;
    for (size_t i = 0; i < text.size(); ++i) {
        switch (text[i]) {
            case '"':
                i = end_of_string(text, i);
                if (i == std::string_view::npos) return true;  // the parser will say so
                break;
            case '{':
            case '[':
                if (++depth > max_depth) return false;
                [[fallthrough]];
            case ',':
                if (++values > max_values) return false;
                break;
            case '}':
            case ']': depth -= depth > 0; break;
            default: break;
        }
    }
    return true;
}

std::string to_text(const json& value) {
    return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string error_text(const json& id, int code, const std::string& message,
                       const json& data = nullptr) {
    json error{{"code", code}, {"message", message}};
    if (!data.is_null()) error["data"] = data;
    return to_text({{"jsonrpc", "2.0"}, {"id", id}, {"error", std::move(error)}});
}

std::string run(Control& control, const json& request) {
    if (!request.is_object()) {
        return error_text(nullptr, error::invalid_request, "a request is a JSON object");
    }
    const auto id_at = request.find("id");
    const bool wants_answer = id_at != request.end();
    const json id = wants_answer ? *id_at : json();
    if (!id.is_null() && !id.is_string() && !id.is_number()) {
        return error_text(nullptr, error::invalid_request, "an id is a string or a number");
    }
    const auto failed = [&](int code, const std::string& message, const json& data = nullptr) {
        return wants_answer ? error_text(id, code, message, data) : std::string{};
    };
    const auto version = request.find("jsonrpc");
    const auto name = request.find("method");
    if (version == request.end() || *version != "2.0" || name == request.end() ||
        !name->is_string()) {
        return error_text(id, error::invalid_request, "needs \"jsonrpc\": \"2.0\" and \"method\"");
    }
    const Method* method = find_method(name->get_ref<const std::string&>());
    if (method == nullptr) {
        return failed(error::no_such_method,
                      "no method is called " + to_text(*name).substr(0, 100));
    }
    static const json none = json::object();
    const auto params = request.find("params");
    if (params != request.end() && !params->is_object()) {
        return failed(error::invalid_params, "\"params\" is an object: parameters have names");
    }
    try {
        json result = method->run(control, Params(params == request.end() ? none : *params));
        if (!wants_answer) return {};
        return to_text({{"jsonrpc", "2.0"}, {"id", id}, {"result", std::move(result)}});
    } catch (const Failure& failure) {
        return failed(failure.code, failure.what(), failure.data);
    } catch (const std::runtime_error& error) {
        return failed(error::refused, error.what());
    }
}

[[noreturn]] void wrong(const char* name, std::string_view expected) {
    throw Failure(error::invalid_params, fmt::format("\"{}\" should be {}", name, expected));
}

}  // namespace

std::string answer(Control& control, std::string_view request) noexcept {
    try {
        if (!is_bounded(request)) {
            return error_text(nullptr, error::invalid_request,
                              fmt::format("nested deeper than {}, or more than {} values",
                                          max_depth, max_values));
        }
        const json parsed = config::parse_json(request);
        if (parsed.is_discarded()) return error_text(nullptr, error::parse, "this is not JSON");
        return run(control, parsed);
    } catch (const std::exception& error) {
        try {
            return error_text(nullptr, error::internal, error.what());
        } catch (...) {
            return R"({"jsonrpc":"2.0","id":null,"error":{"code":-32603,"message":"no memory"}})";
        }
    }
}

const json* Params::find(const char* name) const {
    const auto found = object_.find(name);
    return found == object_.end() || found->is_null() ? nullptr : &*found;
}

const std::string& Params::text(const char* name) const {
    const json* value = find(name);
    if (value == nullptr || !value->is_string()) wrong(name, "a text");
    return value->get_ref<const std::string&>();
}

net::Ipv4Address Params::address(const char* name) const {
    const auto address = net::parse_address(text(name));
    if (!address)
        wrong(name, fmt::format("an IPv4 address, not {}", config::in_quotes(text(name))));
    return *address;
}

std::optional<std::string> Params::optional_text(const char* name) const {
    if (find(name) == nullptr) return std::nullopt;
    return text(name);
}

std::optional<uint64_t> Params::optional_number(const char* name, uint64_t most) const {
    const json* value = find(name);
    if (value == nullptr) return std::nullopt;
    if (!value->is_number_unsigned() || value->get<uint64_t>() > most) {
        wrong(name, fmt::format("a whole number from 0 to {}", most).c_str());
    }
    return value->get<uint64_t>();
}

uint64_t Params::number(const char* name, uint64_t most) const {
    const auto value = optional_number(name, most);
    if (!value) wrong(name, fmt::format("a whole number from 0 to {}", most).c_str());
    return *value;
}

uint64_t Params::number_or(const char* name, uint64_t fallback, uint64_t most) const {
    return optional_number(name, most).value_or(fallback);
}

bool Params::flag(const char* name) const {
    const json* value = find(name);
    if (value == nullptr) return false;
    if (!value->is_boolean()) wrong(name, "true or false");
    return value->get<bool>();
}

const json& Params::list(const char* name) const {
    static const json none = json::array();
    const json* value = find(name);
    if (value == nullptr) return none;
    if (!value->is_array()) wrong(name, "a list");
    return *value;
}

}  // namespace sluice::api
