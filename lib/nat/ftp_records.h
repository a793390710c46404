// SPDX-License-Identifier: BSD-3-Clause
// What the NAT knows of FTP control connections beside their sessions: where their text has been
// changed, and how far it has been read. In shared memory, so that a connection whose text has
// grown goes on after a kill -9 of the dataplane.
//
// A session names its record by a number from 1 on, in Session::state. Whoever reads or writes a
// record holds its lock, which is tried and never waited for. Fields are written in an order that
// leaves a record whole wherever the process dies: a change counts once `made` does, and text
// counts as read once all that it led to is there.
#pragma once
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "lib/flow/free_places.h"
#include "lib/flow/key.h"
#include "lib/nat/private_memory.h"

namespace sluice::nat {

inline constexpr uint32_t most_ftp_records = (1u << 14) - 1;

// A piece of text that leaves as another. Sequence numbers are those of the host inside.
struct FtpChange {
    uint32_t begin, end;
    int32_t before, after;  // what is added to the numbers up to `begin`, and behind it
    uint32_t form;          // what stood there (dataplane/nat/ftp/scan.h)
};

struct alignas(64) FtpRecord {
    static constexpr unsigned slots = 4;  // of which the next to be written counts for nothing
    static constexpr unsigned remembered = slots - 1;

    std::atomic<uint32_t> lock;      // zeroed by adoption
    std::atomic<uint32_t> made;      // changes
    flow::FlowKey owner;             // outbound key of the session
    std::atomic<uint64_t> progress;  // next sequence number to be read | place in the line << 32
    FtpChange changes[slots];        // the n-th at n modulo their number
};
static_assert(sizeof(FtpRecord) == 128);

class FtpRecordLock {
  public:
    explicit FtpRecordLock(FtpRecord& record) noexcept;
    FtpRecordLock(const FtpRecordLock&) = delete;
    FtpRecordLock& operator=(const FtpRecordLock&) = delete;
    ~FtpRecordLock() {
        if (record_ != nullptr) record_->lock.store(0, std::memory_order_release);
    }
    bool held() const noexcept { return record_ != nullptr; }

  private:
    FtpRecord* record_;
};

class FtpRecords {
  public:
    static constexpr size_t bytes = (size_t{most_ftp_records} + 1) * sizeof(FtpRecord);

    // Memory aligned to 64, zeroed or as the last process left it; without any, its own.
    explicit FtpRecords(std::span<std::byte> memory);

    // Before any worker starts: a session that is there has this record. False if another has it.
    bool adopt(uint32_t number, const flow::FlowKey& owner) noexcept;

    // Any worker. 0 if none is free, or another worker still has its hands on it.
    uint32_t take(const flow::FlowKey& owner) noexcept;
    void give(uint32_t number) noexcept { free_.give(number); }
    // Exact while nobody takes or gives.
    uint32_t in_use() const noexcept { return most_ftp_records - free_.count(); }
    FtpRecord& at(uint32_t number) noexcept { return records_[number % records_.size()]; }

  private:
    // Kept in the place of the record 0, which there is not; so that memory that was never used
    // is never touched.
    std::atomic<uint32_t>& highest_taken() noexcept { return records_[0].made; }

    PrivateMemory own_;
    std::span<FtpRecord> records_;
    std::array<std::atomic<uint64_t>, flow::FreePlaces::words_for(most_ftp_records + 1)> words_{};
    flow::FreePlaces free_;
};

}  // namespace sluice::nat
