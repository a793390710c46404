// SPDX-License-Identifier: BSD-3-Clause
// What tests of shared memory need: other processes, a run directory that leaves nothing behind,
// and memory that parent and child both see.
#pragma once
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <new>
#include <string>
#include <system_error>
#include <utility>

#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace sluice::test {

// By how much a sanitizer slows shared memory down: tests try that much less.
#if !defined(__has_feature)
#define __has_feature(feature) 0
#endif
#if defined(__SANITIZE_THREAD__) || __has_feature(thread_sanitizer)
inline constexpr unsigned slowdown = 150;
#elif defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
inline constexpr unsigned slowdown = 10;
#else
inline constexpr unsigned slowdown = 1;
#endif

// False when it did not come true in time; a broken test must end, not hang.
template <typename Condition>
bool wait_until(Condition&& condition, std::chrono::seconds limit = std::chrono::seconds(60)) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > deadline) return false;
        ::sched_yield();
    }
    return true;
}

// A process that runs `body` and succeeds when that returns true. It dies with its parent, and at
// the latest when its Child does.
class Child {
  public:
    template <typename Body>
    explicit Child(Body&& body) {
        std::fflush(nullptr);  // or the child would print it again
        pid_ = ::fork();
        if (pid_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
        if (pid_ > 0) return;
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        bool well = false;
        try {
            well = body();
        } catch (const std::exception& error) {
            std::fprintf(stderr, "child: %s\n", error.what());
        }
        std::fflush(nullptr);
        ::_exit(well ? 0 : 1);
    }
    Child(Child&& other) noexcept : pid_(std::exchange(other.pid_, -1)) {}
    ~Child() { kill(); }

    // As the kernel's killer would, at whatever it is doing; returns when it is gone.
    void kill() noexcept {
        if (pid_ <= 0) return;
        ::kill(pid_, SIGKILL);
        wait();
    }
    bool succeeded() noexcept {
        const int status = wait();
        return WIFEXITED(status) && WEXITSTATUS(status) == 0;
    }
    // Waits for a child that kills itself.
    bool was_killed() noexcept {
        const int status = wait();
        return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    }

  private:
    int wait() noexcept {
        int status = 0;
        while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) continue;
        pid_ = -1;
        return status;
    }
    pid_t pid_ = -1;
};

// A T that starts as zeros and that children made later share with this process.
template <typename T>
class Shared {
  public:
    Shared()
        : memory_(
              ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)) {
        if (memory_ == MAP_FAILED) throw std::bad_alloc();
        const auto address = reinterpret_cast<uintptr_t>(memory_);
        at_ = reinterpret_cast<T*>((address + alignof(T) - 1) / alignof(T) * alignof(T));
    }
    Shared(const Shared&) = delete;
    Shared& operator=(const Shared&) = delete;
    ~Shared() { ::munmap(memory_, size); }
    T& operator*() const noexcept { return *at_; }
    T* operator->() const noexcept { return at_; }

  private:
    static constexpr size_t size = sizeof(T) + alignof(T);
    void* memory_;
    T* at_;
};

// A run directory of its own; it goes, and with it every region that its links lead to.
class RunDirectory {
  public:
    RunDirectory() {
        std::string pattern = std::filesystem::temp_directory_path() / "sluice-test-XXXXXX";
        if (::mkdtemp(pattern.data()) == nullptr) {
            throw std::system_error(errno, std::generic_category(), pattern);
        }
        path_ = pattern;
    }
    RunDirectory(const RunDirectory&) = delete;
    RunDirectory& operator=(const RunDirectory&) = delete;
    ~RunDirectory() {
        remove_regions(path_);
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    const std::filesystem::path& path() const noexcept { return path_; }

    // Where the region of that name lies.
    std::filesystem::path file(const std::string& name) const {
        return std::filesystem::read_symlink(path_ / name);
    }

  private:
    static void remove_regions(const std::filesystem::path& directory) {
        std::error_code ignored;
        for (const auto& entry :
             std::filesystem::recursive_directory_iterator(directory, ignored)) {
            if (!entry.is_symlink(ignored)) continue;
            const auto file = std::filesystem::read_symlink(entry.path(), ignored);
            std::filesystem::remove(file, ignored);
            std::filesystem::remove(file.string() + ".new", ignored);
        }
    }
    std::filesystem::path path_;
};

}  // namespace sluice::test
