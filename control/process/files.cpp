// SPDX-License-Identifier: BSD-3-Clause
#include "control/process/files.h"

#include <cerrno>
#include <cstring>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

namespace sluice::control {
namespace {

class Descriptor {
  public:
    explicit Descriptor(int fd) : fd_(fd) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    int get() const { return fd_; }

  private:
    int fd_;
};

[[noreturn]] void fail(const std::filesystem::path& path) {
    throw std::system_error(errno, std::generic_category(), path.string());
}

}  // namespace

std::optional<std::string> read_file(const std::filesystem::path& path, std::string* why) {
    const auto failed = [&]() -> std::optional<std::string> {
        if (why != nullptr) *why = std::strerror(errno);
        return std::nullopt;
    };
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (file.get() < 0) return failed();
    std::string text;
    char part[65536];
    for (;;) {
        const ssize_t n = ::read(file.get(), part, sizeof part);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return failed();
        if (n == 0) return text;
        text.append(part, static_cast<size_t>(n));
    }
}

void replace_file(const std::filesystem::path& path, std::string_view text) {
    const std::filesystem::path unfinished = path.string() + ".new";
    {
        const Descriptor file(
            ::open(unfinished.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640));
        if (file.get() < 0) fail(unfinished);
        while (!text.empty()) {
            const ssize_t n = ::write(file.get(), text.data(), text.size());
            if (n < 0 && errno == EINTR) continue;
            if (n < 0) fail(unfinished);
            text.remove_prefix(static_cast<size_t>(n));
        }
        if (::fsync(file.get()) != 0) fail(unfinished);
    }
    if (::rename(unfinished.c_str(), path.c_str()) != 0) fail(path);
}

}  // namespace sluice::control
