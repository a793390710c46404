// SPDX-License-Identifier: BSD-3-Clause
// A region is a file in memory that one process writes and others map read-only. It outlives
// both: a writer that was killed finds its region again, with all that it held.
//
// Life of a region
//   made     in a file of another name, filled, stamped, then renamed into place, so that no
//            one ever maps half a region
//   owned    by the process that holds the file's lock; the kernel takes the lock from a
//            process that dies, however it dies
//   grown    when its owner needs more than the last one did: what it held stays where it is, and
//            readers find out and map it again. Never made smaller, for a reader may have it mapped
//   retired  when a writer replaces it by one of another layout; readers see the mark and map
//            the new one
//
// The file lies on hugetlbfs where there is one with room and on tmpfs otherwise; a link in the
// run directory says where. Errors are exceptions: regions are opened at start, never on the
// packet path.
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <type_traits>

namespace sluice::shm {

// The first bytes of every region. `layout` is a number that changes with any size or offset of
// the layout; `version` is the same for people.
struct Stamp {
    char magic[8];
    uint64_t layout;
    std::atomic<uint64_t> size;  // only grows
    char version[40];
    std::atomic<uint32_t> retired;
    uint32_t unused;
    std::atomic<uint64_t> owned_since_ns;  // CLOCK_MONOTONIC, when its last writer took it
    uint32_t reserved[12];
};
static_assert(sizeof(Stamp) == 128 && offsetof(Stamp, owned_since_ns) == 72);
static_assert(std::atomic<uint32_t>::is_always_lock_free);
static_assert(std::atomic<uint64_t>::is_always_lock_free);

// What a region must be for this build to use it.
struct Layout {
    const char* name;  // "intent", "state"
    uint64_t number;
    const char* version;
    uint64_t size;  // at least; a region that is larger already stays so
};

class Error : public std::runtime_error {
    using std::runtime_error::runtime_error;
};
// Not there (yet): its writer has not run.
class Absent : public Error {
    using Error::Error;
};
// There, but another build's: the message names both versions.
class Foreign : public Error {
    using Error::Error;
};
// Another process is its writer.
class Owned : public Error {
    using Error::Error;
};

enum class WhenForeign { refuse, rebuild };

class Region {
  public:
    // As the writer. `fresh` tells whether the region was made now (all zero but the stamp) or
    // found as the last writer left it.
    static Region own(const std::filesystem::path& run_directory, const Layout& layout,
                      WhenForeign when_foreign);
    // As a reader.
    static Region view(const std::filesystem::path& run_directory, const Layout& layout);

    Region() = default;
    Region(Region&& other) noexcept;
    Region& operator=(Region&& other) noexcept;
    ~Region();

    // Mapped at a multiple of 2 MiB, so that a T may ask for any alignment up to that.
    template <typename T>
    T& as() const noexcept {
        return *reinterpret_cast<T*>(static_cast<std::byte*>(base_));
    }
    explicit operator bool() const noexcept { return base_ != nullptr; }
    bool fresh() const noexcept { return fresh_; }
    bool on_huge_pages() const noexcept { return huge_; }
    // What is mapped here, in bytes.
    uint64_t size() const noexcept { return size_; }
    // For readers: whether a process holds the region as its writer now.
    bool has_writer() const noexcept;
    // For readers: when the last writer took it, in nanoseconds of CLOCK_MONOTONIC. What is older
    // in there, another one has written.
    uint64_t owned_since_ns() const noexcept;
    // For readers: whether there is more of it now than is mapped here.
    bool grown() const noexcept;
    // For readers: whether a region of another layout has taken its place.
    bool retired() const noexcept;

  private:
    Region(int fd, void* base, uint64_t size, bool fresh, bool huge) noexcept
        : fd_(fd), base_(base), size_(size), fresh_(fresh), huge_(huge) {}

    int fd_ = -1;
    void* base_ = nullptr;
    uint64_t size_ = 0;
    bool fresh_ = false;
    bool huge_ = false;
};

// Where hugetlbfs with pages of 2 MiB is mounted, or an empty path.
std::filesystem::path hugetlbfs_mount();

}  // namespace sluice::shm
