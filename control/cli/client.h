// SPDX-License-Identifier: BSD-3-Clause
// The API as the command line uses it: one request, one answer.
#pragma once
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>

#include "control/config/json.h"

namespace sluice::cli {

using nlohmann::json;

// Control answered that it did not do it. The message says why; `data` may say more.
struct Refused : std::runtime_error {
    Refused(const std::string& message, json its_data)
        : std::runtime_error(message), data(std::move(its_data)) {}
    json data;
};
// No control process answers.
struct NoControl : std::runtime_error {
    using std::runtime_error::runtime_error;
};

class Client {
  public:
    explicit Client(std::filesystem::path socket) : path_(std::move(socket)) {}
    ~Client();
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    json call(const std::string& method, const json& params = json::object());
    // With one more parameter that is a long text of lines. It is written out beside the JSON,
    // so that ten megabytes are not copied three times.
    json call_with_text(const std::string& method, const json& params, const char* name,
                        std::string_view text);

  private:
    void connect();
    void send(std::string_view bytes);
    std::string receive_line();
    json exchange(const std::string& request);

    std::filesystem::path path_;
    int fd_ = -1;
    std::string received_;
};

}  // namespace sluice::cli
