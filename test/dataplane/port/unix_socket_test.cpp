// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/port/unix_socket.h"

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace sluice::port::unix_socket {
namespace {

class UnixSocket : public testing::Test {
  protected:
    UnixSocket() {
        char name[] = "/tmp/sluice-socket-XXXXXX";
        directory_ = ::mkdtemp(name);
    }
    ~UnixSocket() override { std::filesystem::remove_all(directory_); }

    std::string path() const { return directory_ / "socket"; }
    bool exists() const { return std::filesystem::exists(path()); }

    // What a process that dies now leaves behind, once it is closed.
    int listen(int type) const {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::strcpy(address.sun_path, path().c_str());
        const int fd = ::socket(AF_UNIX, type, 0);
        EXPECT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
        EXPECT_EQ(::listen(fd, 1), 0);
        return fd;
    }

    std::filesystem::path directory_;
};

TEST_F(UnixSocket, IsRemovedWhereWhoeverListenedIsDead) {
    ::close(listen(SOCK_STREAM));
    remove_left_over("net_vhost0,iface=" + path());
    EXPECT_FALSE(exists());
    ::close(listen(SOCK_STREAM));
    remove_left_over("net_virtio_user0,server=1,path=" + path() + ",queues=1");
    EXPECT_FALSE(exists());
    ::close(listen(SOCK_SEQPACKET));
    remove_left_over("net_memif0,role=server,socket-abstract=no,socket=" + path());
    EXPECT_FALSE(exists());
}

TEST_F(UnixSocket, StaysWhereSomebodyListens) {
    const int fd = listen(SOCK_STREAM);
    remove_left_over("net_vhost0,iface=" + path());
    EXPECT_TRUE(exists());
    ::close(fd);
}

TEST_F(UnixSocket, StaysWhereTheDeviceIsTheOneThatConnects) {
    ::close(listen(SOCK_STREAM));
    for (const char* device : {"net_vhost0,client=1,iface=", "net_virtio_user0,path=",
                               "net_memif0,socket-abstract=no,socket=",
                               "net_memif0,role=server,socket=", "net_tap0,iface="}) {
        remove_left_over(device + path());
        EXPECT_TRUE(exists()) << device;
    }
}

TEST_F(UnixSocket, OnlyASocketIsEverRemoved) {
    std::ofstream(path()) << "somebody's letters";
    remove_left_over("net_vhost0,iface=" + path());
    EXPECT_TRUE(exists());
}

TEST_F(UnixSocket, IsConnectedToOnceByMemifAndVirtioUnlessTheyListen) {
    ::close(listen(SOCK_STREAM));
    EXPECT_TRUE(connects_once("net_memif0,role=client,socket=" + path()));
    EXPECT_TRUE(connects_once("net_memif0"));
    EXPECT_FALSE(connects_once("net_memif0,role=server"));
    EXPECT_TRUE(connects_once("net_virtio_user0,path=" + path()));
    EXPECT_FALSE(connects_once("net_virtio_user0,server=1,path=" + path()));
    EXPECT_FALSE(connects_once("net_virtio_user0,path=/dev/vhost-net"));
    EXPECT_FALSE(connects_once("net_vhost0,client=1,iface=" + path()));
}

}  // namespace
}  // namespace sluice::port::unix_socket
