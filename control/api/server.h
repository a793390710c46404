// SPDX-License-Identifier: BSD-3-Clause
// The API on a unix socket: one JSON text a line, each way. Who may open the socket may do
// everything: its group and mode are the gate.
//
// A client's requests are answered in turn, and the next is read when the answer before is gone:
// a slow client waits for itself alone.
#pragma once
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <asio/io_context.hpp>
#include <asio/local/stream_protocol.hpp>
#include <asio/steady_timer.hpp>

#include "control/api/access.h"

namespace sluice::api {

class Server {
  public:
    // An answer without its line end; empty: none.
    using Answer = std::function<std::string(std::string_view request)>;
    static constexpr size_t max_clients = 64;

    // Takes the place of a socket that a killed control left. Throws std::system_error.
    Server(asio::io_context& io, const std::filesystem::path& socket, const Access& access,
           Answer answer, size_t max_request);
    ~Server();

  private:
    class Client;
    void accept();

    asio::steady_timer pause_;
    std::filesystem::path path_;
    asio::local::stream_protocol::acceptor acceptor_;
    Answer answer_;
    size_t max_request_;
    std::shared_ptr<size_t> clients_ = std::make_shared<size_t>(0);
};

}  // namespace sluice::api
