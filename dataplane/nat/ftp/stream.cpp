// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/nat/ftp/stream.h"

namespace sluice::nat::ftp {
namespace {

uint32_t plus(uint32_t number, int32_t by) noexcept { return number + static_cast<uint32_t>(by); }
uint32_t minus(uint32_t number, int32_t by) noexcept { return number - static_cast<uint32_t>(by); }

}  // namespace

const FtpChange* Stream::newest(unsigned i) const noexcept {
    const uint32_t made = record_.made.load(std::memory_order_acquire);
    if (i >= made || i >= FtpRecord::remembered) return nullptr;
    return &record_.changes[(made - 1 - i) % FtpRecord::slots];
}

bool Stream::forgets(uint32_t sequence) const noexcept {
    if (record_.made.load(std::memory_order_acquire) <= FtpRecord::remembered) return false;
    return is_before(sequence, newest(FtpRecord::remembered - 1)->begin);
}

uint32_t Stream::to_remote(uint32_t sequence) const noexcept {
    int32_t added = 0;
    for (unsigned i = 0; const FtpChange* change = newest(i); ++i) {
        if (is_before(change->begin, sequence)) return plus(sequence, change->after);
        added = change->before;
    }
    return plus(sequence, added);
}

uint32_t Stream::to_inside(uint32_t acknowledgement) const noexcept {
    int32_t added = 0;
    for (unsigned i = 0; const FtpChange* change = newest(i); ++i) {
        if (!is_before(acknowledgement, plus(change->end, change->after))) {
            return minus(acknowledgement, change->after);
        }
        const uint32_t begin = plus(change->begin, change->before);
        if (is_before(begin, acknowledgement)) {
            const bool byte_by_byte = change->form == static_cast<uint32_t>(Form::refused);
            return byte_by_byte ? minus(acknowledgement, change->after) : change->begin;
        }
        added = change->before;
    }
    return minus(acknowledgement, added);
}

bool Stream::add(uint32_t begin, uint32_t end, int32_t grows_by, Form form) noexcept {
    for (unsigned i = 0; const FtpChange* change = newest(i); ++i) {
        if (change->begin == begin) return change->after - change->before == grows_by;
    }
    const FtpChange* last = newest(0);
    const int32_t before = last != nullptr ? last->after : 0;
    const uint32_t made = record_.made.load(std::memory_order_relaxed);
    record_.changes[made % FtpRecord::slots] = {begin, end, before, before + grows_by,
                                                static_cast<uint32_t>(form)};
    record_.made.store(made + 1, std::memory_order_release);
    return true;
}

}  // namespace sluice::nat::ftp
