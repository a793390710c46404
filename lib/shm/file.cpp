// SPDX-License-Identifier: BSD-3-Clause
#include "lib/shm/file.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>

namespace sluice::shm {
namespace {

constexpr long hugetlbfs_magic = 0x958458f6;

struct flock whole_file(short type) noexcept {
    struct flock lock {};
    lock.l_type = type;
    lock.l_whence = SEEK_SET;
    return lock;
}

}  // namespace

std::string why() { return std::strerror(errno); }

bool take_lock(int fd) noexcept {
    struct flock lock = whole_file(F_WRLCK);
    return ::fcntl(fd, F_OFD_SETLK, &lock) == 0;
}

bool someone_holds_lock(int fd) noexcept {
    struct flock lock = whole_file(F_RDLCK);
    return ::fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

bool is_on_hugetlbfs(int fd) noexcept {
    struct statfs info {};
    return ::fstatfs(fd, &info) == 0 && static_cast<long>(info.f_type) == hugetlbfs_magic;
}

uint64_t size_of(int fd) noexcept {
    struct stat info {};
    return ::fstat(fd, &info) == 0 ? static_cast<uint64_t>(info.st_size) : 0;
}

bool grow_file(int fd, uint64_t size) noexcept {
    const auto before = static_cast<off_t>(size_of(fd));
    const auto after = std::max(before, static_cast<off_t>(size));
    // All of it, for whoever was killed between the two has left pages that are not there.
    if (::ftruncate(fd, after) == 0 && ::fallocate(fd, 0, 0, after) == 0) return true;
    const int error = errno;
    [[maybe_unused]] const int ignored = ::ftruncate(fd, before);  // nobody has mapped these pages
    errno = error;
    return false;
}

Descriptor make_file(const std::filesystem::path& path, uint64_t size) {
    ::unlink(path.c_str());  // what a writer left that was killed here
    Descriptor fd(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640));
    if (fd.get() < 0) return fd;
    if (!grow_file(fd.get(), size)) {
        const int error = errno;
        ::unlink(path.c_str());
        errno = error;
        return Descriptor(-1);
    }
    return fd;
}

void* map(int fd, size_t size, int protection) noexcept {
    const size_t reserved = size + huge_page;
    void* reservation = ::mmap(nullptr, reserved, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (reservation == MAP_FAILED) return nullptr;
    auto* const begin = static_cast<std::byte*>(reservation);
    auto* const base = begin + (huge_page - reinterpret_cast<uintptr_t>(begin) % huge_page);
    if (::mmap(base, size, protection, MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED) {
        const int error = errno;
        ::munmap(reservation, reserved);
        errno = error;
        return nullptr;
    }
    ::munmap(begin, static_cast<size_t>(base - begin));
    if (base + size < begin + reserved) {
        ::munmap(base + size, static_cast<size_t>(begin + reserved - (base + size)));
    }
    return base;
}

}  // namespace sluice::shm
