// SPDX-License-Identifier: BSD-3-Clause
// Memory of this process, all zeros, of which only what is touched is there.
#pragma once
#include <cstddef>
#include <cstdint>
#include <new>
#include <span>

#include <sys/mman.h>

namespace sluice::nat {

class PrivateMemory {
  public:
    explicit PrivateMemory(size_t size) : size_(size) {
        mapped_ = ::mmap(nullptr, size_ + huge_page, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (mapped_ == MAP_FAILED) throw std::bad_alloc();
        const auto begin = reinterpret_cast<uintptr_t>(mapped_);
        at_ = reinterpret_cast<void*>((begin + huge_page - 1) / huge_page * huge_page);
    }
    ~PrivateMemory() { ::munmap(mapped_, size_ + huge_page); }
    PrivateMemory(const PrivateMemory&) = delete;
    PrivateMemory& operator=(const PrivateMemory&) = delete;

    template <typename T>
    std::span<T> as() const noexcept {
        return {static_cast<T*>(at_), size_ / sizeof(T)};
    }
    void use_huge_pages() noexcept { ::madvise(at_, size_, MADV_HUGEPAGE); }
    // On huge pages where there are any, and all of it now, so that no packet waits for the kernel
    // to clear one.
    void make_present() noexcept {
        use_huge_pages();
        ::madvise(at_, size_, MADV_POPULATE_WRITE);
    }
    void zero() noexcept { ::madvise(at_, size_, MADV_DONTNEED); }

  private:
    static constexpr size_t huge_page = 2 << 20;
    size_t size_;
    void* mapped_;
    void* at_;
};

}  // namespace sluice::nat
