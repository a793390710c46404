// SPDX-License-Identifier: BSD-3-Clause
#include "control/nat_log/file_outlet.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/nat_log/json_line.h"

namespace sluice::nat_log {
namespace {

// Places in Progress::notes: which file it was, and how long before the batch.
enum FileNote { device, inode, size_before };

struct stat of_file(int file) {
    struct stat info {};
    if (file < 0 || ::fstat(file, &info) != 0) info = {};
    return info;
}

}  // namespace

FileOutlet::FileOutlet(std::string path, Words words)
    : path_(std::move(path)), words_(std::move(words)) {
    open();
}

FileOutlet::~FileOutlet() {
    if (file_ >= 0) ::close(file_);
}

bool FileOutlet::open() {
    if (file_ < 0) file_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
    return file_ >= 0 || fail("cannot be opened");
}

void FileOutlet::reopen() {
    if (file_ >= 0) ::close(file_);
    file_ = -1;
    trouble_.clear();
    open();
}

bool FileOutlet::fail(const char* what) {
    trouble_ = fmt::format("{} {}: {}", path_, what, std::strerror(errno));
    return false;
}

uint64_t FileOutlet::size() const { return static_cast<uint64_t>(of_file(file_).st_size); }

size_t FileOutlet::take(const Batch& batch) {
    open();  // for note(), which is to tell the file that the batch will be in
    text_.clear();
    if (batch.lost > 0) {
        append_lost_line(text_, batch.worker, batch.first, batch.lost,
                         words_.milliseconds_since_1970(batch.records.front().time_ns));
    }
    uint64_t number = batch.first;
    for (const layout::NatLogRecord& record : batch.records) {
        append_line(text_, record, batch.worker, number++, words_);
    }
    return batch.records.size();
}

void FileOutlet::note(Progress& progress) const {
    const struct stat info = of_file(file_);
    progress.notes[device].store(info.st_dev);
    progress.notes[inode].store(info.st_ino);
    progress.notes[size_before].store(static_cast<uint64_t>(info.st_size));
}

bool FileOutlet::hand_on() {
    if (!open()) return false;
    const uint64_t before = size();
    for (size_t done = 0; done < text_.size();) {
        const ssize_t n = ::write(file_, text_.data() + done, text_.size() - done);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) {
            fail("cannot be written to");
            // No half of a line, and nothing twice.
            if (::ftruncate(file_, static_cast<off_t>(before)) != 0) fail("cannot be cut");
            return false;
        }
        done += static_cast<size_t>(n);
    }
    trouble_.clear();
    return true;
}

// If it still is the file that the last control wrote to: whatever of the batch is in it goes.
void FileOutlet::resume(const Progress& progress, bool again) {
    const struct stat info = of_file(file_);
    const uint64_t before = progress.notes[size_before].load();
    const bool is_same =
        info.st_dev == progress.notes[device].load() && info.st_ino == progress.notes[inode].load();
    if (!again || !is_same || size() <= before) return;
    if (::ftruncate(file_, static_cast<off_t>(before)) != 0) fail("cannot be cut");
}

}  // namespace sluice::nat_log
