// SPDX-License-Identifier: BSD-3-Clause
// Memory of this process, all zeros, of which only what is touched is there.
#pragma once
#include <cstddef>
#include <new>
#include <span>

#include <sys/mman.h>

namespace sluice::nat {

class PrivateMemory {
  public:
    explicit PrivateMemory(size_t size) : size_(size) {
        at_ = ::mmap(nullptr, size_, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (at_ == MAP_FAILED) throw std::bad_alloc();
    }
    ~PrivateMemory() { ::munmap(at_, size_); }
    PrivateMemory(const PrivateMemory&) = delete;
    PrivateMemory& operator=(const PrivateMemory&) = delete;

    template <typename T>
    std::span<T> as() const noexcept {
        return {static_cast<T*>(at_), size_ / sizeof(T)};
    }
    void use_huge_pages() noexcept { ::madvise(at_, size_, MADV_HUGEPAGE); }
    void zero() noexcept { ::madvise(at_, size_, MADV_DONTNEED); }

  private:
    size_t size_;
    void* at_;
};

}  // namespace sluice::nat
