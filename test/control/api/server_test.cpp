// SPDX-License-Identifier: BSD-3-Clause
#include "control/api/server.h"

#include <cstring>
#include <thread>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace sluice::api {
namespace {

class Peer {
  public:
    explicit Peer(const std::filesystem::path& path) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
        fd_ = ::socket(AF_UNIX, SOCK_STREAM, 0);
        timeval patience{5, 0};
        ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        if (::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
            ADD_FAILURE() << std::strerror(errno);
        }
    }
    ~Peer() { ::close(fd_); }
    void say(std::string_view text) const {
        EXPECT_EQ(::send(fd_, text.data(), text.size(), MSG_NOSIGNAL),
                  static_cast<ssize_t>(text.size()));
    }
    std::string hear() const {
        std::string line;
        char c = 0;
        while (::recv(fd_, &c, 1, 0) == 1) {
            if (c == '\n') return line;
            line += c;
        }
        return line + "<end>";
    }

  private:
    int fd_;
};

// Answers with what was asked, and with a flood where that was "flood".
class ServerTest : public ::testing::Test {
  protected:
    ServerTest() {
        char name[] = "/tmp/sluice-server-XXXXXX";
        directory = ::mkdtemp(name);
        socket = directory / "control.sock";
        server = std::make_unique<Server>(
            io, socket, Access{},
            [](std::string_view request) {
                if (request == "quiet") return std::string{};
                if (request == "flood") return std::string(64 << 20, 'x');
                return "<" + std::string(request) + ">";
            },
            1000);
        thread = std::thread([this] { io.run(); });
    }
    ~ServerTest() override {
        io.stop();
        thread.join();
        server.reset();
        std::filesystem::remove_all(directory);
    }
    asio::io_context io;
    std::filesystem::path directory, socket;
    std::unique_ptr<Server> server;
    std::thread thread;
};

TEST_F(ServerTest, AnswersLineByLineInTurn) {
    const Peer peer(socket);
    peer.say("one\ntwo\r\n\nquiet\nth");
    EXPECT_EQ(peer.hear(), "<one>");
    EXPECT_EQ(peer.hear(), "<two>");
    peer.say("ree\n");
    EXPECT_EQ(peer.hear(), "<three>");
}

TEST_F(ServerTest, ServesOneClientWhileAnotherDoesNotRead) {
    const Peer slow(socket);
    slow.say("flood\n");
    const Peer half(socket);
    half.say("a request without its e");
    const Peer other(socket);
    other.say("hello\n");
    EXPECT_EQ(other.hear(), "<hello>");
}

TEST_F(ServerTest, HangsUpOnARequestThatIsTooLong) {
    const Peer peer(socket);
    peer.say(std::string(2000, 'a'));
    EXPECT_NE(peer.hear().find("too long"), std::string::npos);
    EXPECT_EQ(peer.hear(), "<end>");
}

TEST_F(ServerTest, TurnsAwayMoreClientsThanItServes) {
    std::vector<std::unique_ptr<Peer>> peers;
    for (size_t i = 0; i < Server::max_clients; ++i) {
        peers.push_back(std::make_unique<Peer>(socket));
        peers.back()->say("hello\n");
        ASSERT_EQ(peers.back()->hear(), "<hello>");
    }
    const Peer late(socket);
    EXPECT_EQ(late.hear(), "<end>");
    peers.clear();
    // Whoever comes when others have gone is served again.
    std::string heard;
    for (int i = 0; i < 100 && heard != "<hello>"; ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
        const Peer peer(socket);
        peer.say("hello\n");
        heard = peer.hear();
    }
    EXPECT_EQ(heard, "<hello>");
}

TEST_F(ServerTest, LetsInOnlyTheOwnerAndHisGroup) {
    struct stat info {};
    ASSERT_EQ(::stat(socket.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0660u);
    EXPECT_EQ(info.st_gid, ::getegid());
}

TEST_F(ServerTest, LetsInWhomItIsToldTo) {
    const auto other = directory / "other.sock";
    const auto nothing = [](std::string_view) { return std::string{}; };
    const gid_t group = ::geteuid() == 0 ? 12345 : ::getegid();
    const Server told(io, other, {0600, group}, nothing, 1000);
    struct stat info {};
    ASSERT_EQ(::stat(other.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600u);
    EXPECT_EQ(info.st_gid, group);
}

}  // namespace
}  // namespace sluice::api
