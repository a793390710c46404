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

#include "lib/shm/file.h"

namespace sluice::shm {
namespace {

namespace fs = std::filesystem;
constexpr char magic[8] = {'S', 'L', 'U', 'I', 'C', 'E', '\n', '\0'};
uint64_t monotonic_ns() noexcept {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

// The first bytes of a file; false if they can not be had. hugetlbfs can not be read() everywhere,
// so they are looked at through a map.
template <typename Use>
bool with_stamp(int fd, int protection, Use&& use) {
    if (size_of(fd) < sizeof(Stamp)) return false;
    const size_t window = is_on_hugetlbfs(fd) ? huge_page : 4096;
    void* base = map(fd, window, protection);
    if (base == nullptr) return false;
    use(*static_cast<Stamp*>(base));
    ::munmap(base, window);
    return true;
}

// The size of the region in that file. Throws unless it is a whole one of this layout.
uint64_t checked_size(int fd, const Layout& layout, const fs::path& path) {
    const uint64_t length = size_of(fd);
    if (length < sizeof(Stamp)) {
        throw Foreign(
            fmt::format("{}: cut short: {} bytes are too few for a stamp", path.string(), length));
    }
    Stamp stamp{};
    const bool seen = with_stamp(fd, PROT_READ, [&](const Stamp& found) {
        std::memcpy(static_cast<void*>(&stamp), &found, sizeof stamp);
    });
    if (!seen) throw Error(fmt::format("{}: {}", path.string(), why()));
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
    // The first comparison also keeps a size that is nonsense from overflowing in the second.
    if (stamp.size > length || length < round_up(stamp.size)) {
        throw Foreign(fmt::format("{}: cut short: {} bytes, {} are needed", path.string(), length,
                                  stamp.size.load()));
    }
    return stamp.size;
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

void retire(int fd) {
    with_stamp(fd, PROT_READ | PROT_WRITE,
               [](Stamp& stamp) { stamp.retired.store(1, std::memory_order_release); });
}

void note_new_owner(int fd) {
    with_stamp(fd, PROT_READ | PROT_WRITE, [](Stamp& stamp) {
        stamp.owned_since_ns.store(monotonic_ns(), std::memory_order_release);
    });
}

// First the file, then the stamp: a reader maps no more than the stamp says. A writer that is
// killed in between leaves a file that is longer than it need be.
uint64_t grow(int fd, const Layout& layout, const fs::path& path) {
    const auto store_size = [&](Stamp& stamp) {
        stamp.size.store(layout.size, std::memory_order_release);
    };
    if (!grow_file(fd, round_up(layout.size)) ||
        !with_stamp(fd, PROT_READ | PROT_WRITE, store_size)) {
        throw Error(fmt::format("{}: no room for the {} memory to grow to {} MiB: {}",
                                path.string(), layout.name, round_up(layout.size) >> 20, why()));
    }
    return layout.size;
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
    uint64_t size = layout.size;
    if (found) {
        const auto owned = [&] {
            return Owned(
                fmt::format("{}: another process writes this memory already", link.string()));
        };
        if (someone_holds_lock(old.get())) throw owned();
        try {
            size = checked_size(old.get(), layout, link);
        } catch (const Foreign&) {
            if (when_foreign == WhenForeign::refuse) throw;
            found = false;
        }
        // First the time, then the lock: a reader who sees the lock must not see the time of
        // the writer before.
        if (found) note_new_owner(old.get());
        if (!take_lock(old.get())) throw owned();
        if (found && size < layout.size) size = grow(old.get(), layout, link);
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
    void* base = map(fd.get(), round_up(size), PROT_READ | PROT_WRITE);
    if (base == nullptr) throw Error(fmt::format("{}: {}", link.string(), why()));
    const bool huge = is_on_hugetlbfs(fd.get());
    return Region(fd.release(), base, size, !found, huge);
}

Region Region::view(const fs::path& run_directory, const Layout& layout) {
    const fs::path link = run_directory / layout.name;
    Descriptor fd(::open(link.c_str(), O_RDONLY | O_CLOEXEC));
    if (fd.get() < 0 && errno == ENOENT) {
        throw Absent(fmt::format("{}: {}", link.string(), why()));
    }
    if (fd.get() < 0) throw Error(fmt::format("{}: {}", link.string(), why()));
    const uint64_t size = checked_size(fd.get(), layout, link);
    if (size < layout.size) {
        throw Foreign(fmt::format("{}: {} bytes, {} are needed", link.string(), size, layout.size));
    }
    void* base = map(fd.get(), round_up(size), PROT_READ);
    if (base == nullptr) throw Error(fmt::format("{}: {}", link.string(), why()));
    const bool huge = is_on_hugetlbfs(fd.get());
    return Region(fd.release(), base, size, false, huge);
}

bool Region::has_writer() const noexcept { return someone_holds_lock(fd_); }

uint64_t Region::owned_since_ns() const noexcept {
    return as<const Stamp>().owned_since_ns.load(std::memory_order_acquire);
}

bool Region::retired() const noexcept {
    return as<const Stamp>().retired.load(std::memory_order_acquire) != 0;
}

bool Region::grown() const noexcept {
    return as<const Stamp>().size.load(std::memory_order_acquire) > size_;
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
    if (base_ != nullptr) ::munmap(base_, round_up(size_));
    if (fd_ >= 0) ::close(fd_);
}

}  // namespace sluice::shm
