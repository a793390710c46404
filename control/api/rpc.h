// SPDX-License-Identifier: BSD-3-Clause
// JSON-RPC 2.0 (jsonrpc.org/specification, without batches): from the text of a request to the
// text of its answer. Documented for users in docs/api.md.
//
// Any bytes get an answer, and none harms: size is bounded by the server; depth and number of
// values are bounded here, before anything is built of them; no exception leaves.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

#include "control/config/json.h"
#include "control/process/control.h"
#include "lib/net/address.h"

namespace sluice::api {

using control::Control;
using nlohmann::json;

inline constexpr size_t max_request = size_t{64} << 20;

namespace error {
inline constexpr int parse = -32700;
inline constexpr int invalid_request = -32600;
inline constexpr int no_such_method = -32601;
inline constexpr int invalid_params = -32602;
inline constexpr int internal = -32603;
inline constexpr int refused = 1;  // understood, and not done: the message says why
}  // namespace error

struct Failure : std::runtime_error {
    Failure(int its_code, const std::string& message, json its_data = nullptr)
        : std::runtime_error(message), code(its_code), data(std::move(its_data)) {}
    int code;
    json data;
};

// The parameters of a request, checked as they are taken. Throws Failure with invalid_params.
class Params {
  public:
    explicit Params(const json& object) : object_(object) {}

    const std::string& text(const char* name) const;
    std::optional<std::string> optional_text(const char* name) const;
    net::Ipv4Address address(const char* name) const;
    std::optional<uint64_t> optional_number(const char* name, uint64_t most) const;
    uint64_t number(const char* name, uint64_t most) const;
    uint64_t number_or(const char* name, uint64_t fallback, uint64_t most) const;
    bool flag(const char* name) const;
    const json& list(const char* name) const;  // an empty one where it is absent

  private:
    const json* find(const char* name) const;
    const json& object_;
};

struct Method {
    const char* name;
    json (*run)(Control&, const Params&);
};

// All methods, group by group: the visible list is in methods.cpp.
const Method* find_method(std::string_view name);

// The answer, one line without its end; empty for a notification.
std::string answer(Control& control, std::string_view request) noexcept;

}  // namespace sluice::api
