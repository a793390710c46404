// SPDX-License-Identifier: BSD-3-Clause
#include "lib/nat/ftp_records.h"

#include <algorithm>

namespace sluice::nat {
namespace {

constexpr unsigned lock_tries = 64;
constexpr size_t least_mapped = 4096;

}  // namespace

FtpRecordLock::FtpRecordLock(FtpRecord& record) noexcept : record_(nullptr) {
    for (unsigned i = 0; i < lock_tries; ++i) {
        if (record.lock.exchange(1, std::memory_order_acquire) != 0) continue;
        record_ = &record;
        return;
    }
}

FtpRecords::FtpRecords(std::span<std::byte> memory)
    : own_(memory.empty() ? bytes : least_mapped),
      records_(memory.empty() ? own_.as<FtpRecord>()
                              : std::span(reinterpret_cast<FtpRecord*>(memory.data()),
                                          memory.size() / sizeof(FtpRecord))),
      free_(words_, most_ftp_records + 1) {
    const uint32_t highest = std::min(highest_taken().load(), most_ftp_records);
    for (uint32_t number = 1; number <= highest; ++number) at(number).lock.store(0);
    free_.take_this(0);
}

bool FtpRecords::adopt(uint32_t number, const flow::FlowKey& owner) noexcept {
    if (number == 0 || number > most_ftp_records) return false;
    FtpRecord& record = at(number);
    if (record.owner == flow::FlowKey{}) record.owner = owner;
    return record.owner == owner && free_.take_this(number);
}

uint32_t FtpRecords::take(const flow::FlowKey& owner) noexcept {
    const uint32_t number = free_.take(0);
    if (number == flow::FreePlaces::none) return 0;
    FtpRecord& record = at(number);
    const FtpRecordLock lock(record);
    if (!lock.held()) {
        give(number);
        return 0;
    }
    uint32_t highest = highest_taken().load(std::memory_order_relaxed);
    while (highest < number && !highest_taken().compare_exchange_weak(highest, number)) {
    }
    record.made.store(0, std::memory_order_relaxed);
    record.progress.store(0, std::memory_order_relaxed);
    record.owner = owner;
    return number;
}

}  // namespace sluice::nat
