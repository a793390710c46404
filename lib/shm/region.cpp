// SPDX-License-Identifier: BSD-3-Clause
#include "lib/shm/region.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <fstream>
#include <sstream>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

namespace sluice::shm {
namespace {

namespace fs = std::filesystem;
constexpr char magic[8] = {'S', 'L', 'U', 'I', 'C', 'E', '\n', '\0'};
constexpr uint64_t huge_page = 2u << 20;
constexpr long hugetlbfs_magic = 0x958458f6;

std::string why() { return std::strerror(errno); }

uint64_t round_up(uint64_t size) { return (size + huge_page - 1) / huge_page * huge_page; }

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
struct flock whole_file(short type) noexcept {
    struct flock lock {};
    lock.l_type = type;
    lock.l_whence = SEEK_SET;
    return lock;
}

bool take_lock(int fd) noexcept {
    struct flock lock = whole_file(F_WRLCK);
    return ::fcntl(fd, F_OFD_SETLK, &lock) == 0;
}

bool someone_holds_lock(int fd) noexcept {
    struct flock lock = whole_file(F_RDLCK);
    return ::fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

uint64_t monotonic_ns() noexcept {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

long filesystem_of(int fd) {
    struct statfs info {};
    return ::fstatfs(fd, &info) == 0 ? static_cast<long>(info.f_type) : 0;
}

// At a multiple of a huge page, which the layouts' alignment counts on wherever the file lies.
void* map(int fd, size_t size, int protection) {
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

// Throws unless the file is a whole region of this layout.
void check_stamp(int fd, const Layout& layout, const fs::path& path) {
    struct stat info {};
    if (::fstat(fd, &info) != 0) throw Error(fmt::format("{}: {}", path.string(), why()));
    if (static_cast<uint64_t>(info.st_size) < sizeof(Stamp)) {
        throw Foreign(fmt::format("{}: cut short: {} bytes are too few for a stamp", path.string(),
                                  info.st_size));
    }
    // hugetlbfs can not be read() everywhere, so the stamp is looked at through a map.
    const size_t window = filesystem_of(fd) == hugetlbfs_magic ? huge_page : 4096;
    void* base = map(fd, window, PROT_READ);
    if (base == nullptr) throw Error(fmt::format("{}: {}", path.string(), why()));
    Stamp stamp;
    std::memcpy(static_cast<void*>(&stamp), base, sizeof stamp);
    ::munmap(base, window);

    if (std::memcmp(stamp.magic, magic, sizeof magic) != 0) {
        throw Foreign(fmt::format("{}: not a region of Sluice", path.string()));
    }
    stamp.version[sizeof stamp.version - 1] = '\0';
    if (stamp.layout != layout.number) {
        throw Foreign(fmt::format(
            "{}: the {} memory was written by {} (layout {:016x}), this is {} (layout {:016x})",
            path.string(), layout.name, stamp.version, stamp.layout, layout.version,
            layout.number));
    }
    if (stamp.size != layout.size || static_cast<uint64_t>(info.st_size) < round_up(layout.size)) {
        throw Foreign(fmt::format("{}: cut short: {} bytes, {} are needed", path.string(),
                                  info.st_size, round_up(layout.size)));
    }
}

// Held while a writer looks for its region and makes it. Without it two writers that start at the
// same moment would both make one, and the slower cut the other's short under it.
Descriptor lock_directory(const fs::path& directory) {
    Descriptor fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    int result = -1;
    while (fd.get() >= 0 && (result = ::flock(fd.get(), LOCK_EX)) != 0 && errno == EINTR) continue;
    if (result != 0) throw Error(fmt::format("{}: {}", directory.string(), why()));
    return fd;
}

// "/run/sluice" and "intent" make "sluice-run-sluice-intent": by the whole path, so that two
// routers whose run directories are called alike do not take each other's memory.
std::string region_name(const fs::path& run_directory, const Layout& layout) {
    std::string path = fs::canonical(run_directory).string();
    std::replace(path.begin(), path.end(), '/', '-');
    return fmt::format("sluice{}-{}", path, layout.name);
}

// A new file, all its pages allocated now, so that no later store can fail for want of memory.
Descriptor make_file(const fs::path& path, uint64_t size) {
    ::unlink(path.c_str());  // what a writer left that was killed here
    Descriptor fd(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640));
    if (fd.get() < 0) return fd;
    if (::ftruncate(fd.get(), static_cast<off_t>(size)) != 0 ||
        ::fallocate(fd.get(), 0, 0, static_cast<off_t>(size)) != 0) {
        const int error = errno;
        ::unlink(path.c_str());
        errno = error;
        return Descriptor(-1);
    }
    return fd;
}

struct Made {
    Descriptor fd;
    fs::path path;
};

Made make_region(const fs::path& run_directory, const Layout& layout) {
    const std::string name = region_name(run_directory, layout);
    const uint64_t size = round_up(layout.size);
    for (const fs::path& directory : {hugetlbfs_mount(), fs::path("/dev/shm")}) {
        if (directory.empty()) continue;
        const fs::path path = directory / name;
        const fs::path unfinished = path.string() + ".new";
        Descriptor fd = make_file(unfinished, size);
        if (fd.get() < 0) continue;
        void* base = map(fd.get(), size, PROT_READ | PROT_WRITE);
        if (base == nullptr) {
            ::unlink(unfinished.c_str());
            continue;
        }
        auto& stamp = *static_cast<Stamp*>(base);
        std::memcpy(stamp.magic, magic, sizeof magic);
        stamp.layout = layout.number;
        stamp.size = layout.size;
        stamp.owned_since_ns.store(monotonic_ns(), std::memory_order_release);
        std::strncpy(stamp.version, layout.version, sizeof stamp.version - 1);
        ::munmap(base, size);
        if (!take_lock(fd.get()) || ::rename(unfinished.c_str(), path.c_str()) != 0) {
            const std::string reason = why();
            ::unlink(unfinished.c_str());
            throw Error(fmt::format("{}: {}", path.string(), reason));
        }
        return {std::move(fd), path};
    }
    throw Error(fmt::format("no room for the {} memory ({} MiB) on hugetlbfs or /dev/shm: {}",
                            layout.name, size >> 20, why()));
}

void point_link(const fs::path& link, const fs::path& target) {
    const fs::path unfinished = link.string() + ".new";
    std::error_code ignored;
    fs::remove(unfinished, ignored);
    fs::create_symlink(target, unfinished);
    fs::rename(unfinished, link);
}

// Of a region that is not mapped here.
template <typename Change>
void change_stamp(int fd, Change&& change) {
    const size_t window = filesystem_of(fd) == hugetlbfs_magic ? huge_page : 4096;
    struct stat info {};
    if (::fstat(fd, &info) != 0 || static_cast<uint64_t>(info.st_size) < sizeof(Stamp)) return;
    if (void* base = map(fd, window, PROT_READ | PROT_WRITE)) {
        change(*static_cast<Stamp*>(base));
        ::munmap(base, window);
    }
}

void retire(int fd) {
    change_stamp(fd, [](Stamp& stamp) { stamp.retired.store(1, std::memory_order_release); });
}

void note_new_owner(int fd) {
    change_stamp(fd, [](Stamp& stamp) {
        stamp.owned_since_ns.store(monotonic_ns(), std::memory_order_release);
    });
}

}  // namespace

fs::path hugetlbfs_mount() {
    std::ifstream mounts("/proc/mounts");
    for (std::string line; std::getline(mounts, line);) {
        std::istringstream fields(line);
        std::string device, directory, type;
        fields >> device >> directory >> type;
        struct statfs info {};
        if (type == "hugetlbfs" && ::statfs(directory.c_str(), &info) == 0 &&
            static_cast<uint64_t>(info.f_bsize) == huge_page) {
            return directory;
        }
    }
    return {};
}

Region Region::own(const fs::path& run_directory, const Layout& layout, WhenForeign when_foreign) {
    fs::create_directories(run_directory);
    const Descriptor turn = lock_directory(run_directory);
    const fs::path link = run_directory / layout.name;

    Descriptor old(::open(link.c_str(), O_RDWR | O_CLOEXEC));
    bool found = old.get() >= 0;
    if (!found && errno != ENOENT) throw Error(fmt::format("{}: {}", link.string(), why()));
    if (found) {
        const auto owned = [&] {
            return Owned(
                fmt::format("{}: another process writes this memory already", link.string()));
        };
        if (someone_holds_lock(old.get())) throw owned();
        try {
            check_stamp(old.get(), layout, link);
        } catch (const Foreign&) {
            if (when_foreign == WhenForeign::refuse) throw;
            found = false;
        }
        // First the time, then the lock: a reader who sees the lock must not see the time of
        // the writer before.
        if (found) note_new_owner(old.get());
        if (!take_lock(old.get())) throw owned();
    }
    Descriptor made(-1);
    if (!found) {
        std::error_code no_link;
        const fs::path replaced = fs::read_symlink(link, no_link);
        Made region = make_region(run_directory, layout);
        point_link(link, region.path);
        if (old.get() >= 0) retire(old.get());
        // The old one lay on the other file system; no link leads to it any more.
        if (replaced != region.path && replaced.filename() == region.path.filename()) {
            ::unlink(replaced.c_str());
        }
        made = std::move(region.fd);
    }
    Descriptor& fd = found ? old : made;
    const size_t size = round_up(layout.size);
    void* base = map(fd.get(), size, PROT_READ | PROT_WRITE);
    if (base == nullptr) throw Error(fmt::format("{}: {}", link.string(), why()));
    const bool huge = filesystem_of(fd.get()) == hugetlbfs_magic;
    return Region(fd.release(), base, size, !found, huge);
}

Region Region::view(const fs::path& run_directory, const Layout& layout) {
    const fs::path link = run_directory / layout.name;
    Descriptor fd(::open(link.c_str(), O_RDONLY | O_CLOEXEC));
    if (fd.get() < 0 && errno == ENOENT) {
        throw Absent(fmt::format("{}: {}", link.string(), why()));
    }
    if (fd.get() < 0) throw Error(fmt::format("{}: {}", link.string(), why()));
    check_stamp(fd.get(), layout, link);
    const size_t size = round_up(layout.size);
    void* base = map(fd.get(), size, PROT_READ);
    if (base == nullptr) throw Error(fmt::format("{}: {}", link.string(), why()));
    const bool huge = filesystem_of(fd.get()) == hugetlbfs_magic;
    return Region(fd.release(), base, size, false, huge);
}

bool Region::has_writer() const noexcept { return someone_holds_lock(fd_); }

uint64_t Region::owned_since_ns() const noexcept {
    return as<const Stamp>().owned_since_ns.load(std::memory_order_acquire);
}

bool Region::retired() const noexcept {
    return as<const Stamp>().retired.load(std::memory_order_acquire) != 0;
}

Region::Region(Region&& other) noexcept { *this = std::move(other); }

Region& Region::operator=(Region&& other) noexcept {
    std::swap(fd_, other.fd_);
    std::swap(base_, other.base_);
    std::swap(size_, other.size_);
    std::swap(fresh_, other.fresh_);
    std::swap(huge_, other.huge_);
    return *this;
}

Region::~Region() {
    if (base_ != nullptr) ::munmap(base_, size_);
    if (fd_ >= 0) ::close(fd_);
}

}  // namespace sluice::shm
