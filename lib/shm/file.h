// SPDX-License-Identifier: BSD-3-Clause
// The files that regions lie in: making, growing, locking and mapping them, on hugetlbfs and on
// tmpfs alike. Of region.cpp alone; what fails says so and leaves errno.
#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>

#include <unistd.h>

namespace sluice::shm {

inline constexpr uint64_t huge_page = 2u << 20;
constexpr uint64_t round_up(uint64_t size) noexcept {
    return (size + huge_page - 1) / huge_page * huge_page;
}

std::string why();  // errno in words

class Descriptor {
  public:
    explicit Descriptor(int fd) noexcept : fd_(fd) {}
    Descriptor(Descriptor&& other) noexcept : fd_(other.release()) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~Descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    int get() const noexcept { return fd_; }
    int release() noexcept { return std::exchange(fd_, -1); }

  private:
    int fd_;
};

// Locks belong to the open file (not to the process), can be asked about without being taken, and
// go when the last descriptor of the open file is closed, by the kernel too.
bool take_lock(int fd) noexcept;
bool someone_holds_lock(int fd) noexcept;

bool is_on_hugetlbfs(int fd) noexcept;
// 0 if that can not be learnt.
uint64_t size_of(int fd) noexcept;

// A new file, all its pages allocated now, so that no later store can fail for want of memory.
Descriptor make_file(const std::filesystem::path& path, uint64_t size);
// The same for a file that may be shorter; where there are not enough pages, it stays so.
bool grow_file(int fd, uint64_t size) noexcept;

// At a multiple of a huge page, which the layouts' alignment counts on wherever the file lies.
// nullptr if that can not be.
void* map(int fd, size_t size, int protection) noexcept;

}  // namespace sluice::shm
