// SPDX-License-Identifier: BSD-3-Clause
#include "control/api/server.h"

#include <cerrno>
#include <chrono>
#include <system_error>
#include <utility>
#include <vector>

#include <asio/buffer.hpp>
#include <asio/error.hpp>
#include <asio/post.hpp>
#include <asio/write.hpp>
#include <sys/stat.h>
#include <unistd.h>

namespace sluice::api {

using Socket = asio::local::stream_protocol::socket;

class Server::Client : public std::enable_shared_from_this<Client> {
  public:
    Client(Socket socket, const Answer& answer, size_t max_request, std::shared_ptr<size_t> count)
        : socket_(std::move(socket)),
          answer_(answer),
          max_request_(max_request),
          count_(std::move(count)) {
        ++*count_;
    }
    ~Client() { --*count_; }
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    // Answers the next whole line, or reads on until there is one.
    void go_on() {
        const size_t end = received_.find('\n', searched_);
        if (end != std::string::npos) return take(end);
        searched_ = received_.size();
        if (received_.size() > max_request_) return refuse();
        read();
    }

  private:
    void read() {
        constexpr size_t most = 1 << 18;
        const size_t least = received_.empty() ? 1 << 12 : most;
        part_.resize(least);
        socket_.async_read_some(asio::buffer(part_),
                                [self = shared_from_this()](std::error_code error, size_t n) {
                                    if (error) return;
                                    self->received_.append(self->part_.data(), n);
                                    self->go_on();
                                });
    }

    void take(size_t end) {
        std::string_view line(received_.data(), end);
        if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
        if (!line.empty()) reply_ = answer_(line);
        received_.erase(0, end + 1);
        if (received_.empty()) received_.shrink_to_fit();
        searched_ = 0;
        if (reply_.empty())
            return asio::post(socket_.get_executor(),
                              [self = shared_from_this()] { self->go_on(); });
        reply_ += '\n';
        send([](Client& client) { client.go_on(); });
    }

    void refuse() {
        reply_ = R"({"jsonrpc":"2.0","id":null,"error":{"code":-32600,)"
                 R"("message":"the request is too long"}})"
                 "\n";
        send([](Client&) {});
    }

    template <typename Then>
    void send(Then then) {
        asio::async_write(socket_, asio::buffer(reply_),
                          [self = shared_from_this(), then](std::error_code error, size_t) {
                              if (error) return;
                              self->reply_.clear();
                              then(*self);
                          });
    }

    Socket socket_;
    const Answer answer_;
    size_t max_request_;
    std::shared_ptr<size_t> count_;
    std::vector<char> part_;
    std::string received_;
    size_t searched_ = 0;  // no line ends before here
    std::string reply_;
};

namespace {

void give(const std::filesystem::path& socket, const Access& access) {
    const bool given = !access.group || ::chown(socket.c_str(), -1, *access.group) == 0;
    if (!given || ::chmod(socket.c_str(), access.mode) != 0) {
        throw std::system_error(errno, std::generic_category(), socket.string());
    }
}

}  // namespace

Server::Server(asio::io_context& io, const std::filesystem::path& socket, const Access& access,
               Answer answer, size_t max_request)
    : pause_(io),
      path_(socket),
      acceptor_(io),
      answer_(std::move(answer)),
      max_request_(max_request) {
    ::unlink(path_.c_str());
    acceptor_.open();
    // Nobody can come in before it is given away: until listen() every connection is refused.
    acceptor_.bind(asio::local::stream_protocol::endpoint(path_.string()));
    give(path_, access);
    acceptor_.listen();
    accept();
}

Server::~Server() { ::unlink(path_.c_str()); }

void Server::accept() {
    acceptor_.async_accept([this](std::error_code error, Socket socket) {
        if (error == asio::error::operation_aborted) return;
        if (error) {
            // No descriptors are left, most likely: asking again at once would burn a core.
            pause_.expires_after(std::chrono::milliseconds(100));
            pause_.async_wait([this](std::error_code stopped) {
                if (!stopped) accept();
            });
            return;
        }
        if (*clients_ < max_clients) {
            std::make_shared<Client>(std::move(socket), answer_, max_request_, clients_)->go_on();
        }
        accept();
    });
}

}  // namespace sluice::api
