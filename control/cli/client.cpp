// SPDX-License-Identifier: BSD-3-Clause
#include "control/cli/client.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace sluice::cli {
namespace {

// As JSON wants it within quotes (RFC 8259 7).
void append_escaped(std::string& out, std::string_view text) {
    size_t copied = 0;
    for (size_t i = 0; i < text.size(); ++i) {
        const auto c = static_cast<unsigned char>(text[i]);
        if (c >= ' ' && c < 0x7f && c != '"' && c != '\\') continue;
        out.append(text, copied, i - copied);
        copied = i + 1;
        if (c == '\n') {
            out += "\\n";
        } else if (c == '"' || c == '\\') {
            out += '\\';
            out += static_cast<char>(c);
        } else {
            out += fmt::format("\\u{:04x}", c);
        }
    }
    out.append(text, copied, std::string_view::npos);
}

}  // namespace

Client::~Client() {
    if (fd_ >= 0) ::close(fd_);
}

void Client::connect() {
    if (fd_ >= 0) return;
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = path_.string();
    if (path.size() >= sizeof address.sun_path) throw NoControl(path + ": the path is too long");
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    fd_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd_ >= 0 &&
        ::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
        return;
    }
    const int error = errno;
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
    const char* advice = error == EACCES
                             ? "; whoever may talk to the router is in the socket's group"
                             : "; is sluice-control running? --run-dir or --name says which";
    throw NoControl(fmt::format("{}: {}{}", path, std::strerror(error), advice));
}

void Client::send(std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) throw NoControl(fmt::format("{}: {}", path_.string(), std::strerror(errno)));
        bytes.remove_prefix(static_cast<size_t>(n));
    }
}

std::string Client::receive_line() {
    size_t searched = 0;
    for (;;) {
        const size_t end = received_.find('\n', searched);
        if (end != std::string::npos) {
            std::string line = received_.substr(0, end);
            received_.erase(0, end + 1);
            return line;
        }
        searched = received_.size();
        char part[65536];
        const ssize_t n = ::recv(fd_, part, sizeof part, 0);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) {
            throw NoControl(
                fmt::format("{}: sluice-control hung up before it answered", path_.string()));
        }
        received_.append(part, static_cast<size_t>(n));
    }
}

json Client::exchange(const std::string& request) {
    connect();
    send(request);
    json answer = config::parse_json(receive_line());
    if (answer.is_object() && answer.contains("result")) return std::move(answer["result"]);
    if (!answer.is_object() || !answer.contains("error") || !answer["error"].is_object()) {
        throw NoControl("sluice-control sent an answer that is none");
    }
    const json& error = answer["error"];
    throw Refused(error.value("message", "refused"), error.value("data", json()));
}

json Client::call(const std::string& method, const json& params) {
    const json request{{"jsonrpc", "2.0"}, {"id", 1}, {"method", method}, {"params", params}};
    return exchange(request.dump(-1, ' ', false, json::error_handler_t::replace) + "\n");
}

json Client::call_with_text(const std::string& method, const json& params, const char* name,
                            std::string_view text) {
    std::string request =
        fmt::format(R"({{"jsonrpc":"2.0","id":1,"method":"{}","params":{{)", method);
    for (const auto& item : params.items()) {
        request += fmt::format("{}:{},", json(item.key()).dump(), item.value().dump());
    }
    request += fmt::format("\"{}\":\"", name);
    request.reserve(request.size() + text.size() + text.size() / 8);
    append_escaped(request, text);
    request += "\"}}\n";
    return exchange(request);
}

}  // namespace sluice::cli
