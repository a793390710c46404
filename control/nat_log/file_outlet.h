// SPDX-License-Identifier: BSD-3-Clause
// The log as a file of JSON lines. It belongs to the operator: it is appended to, and opened anew
// when he has renamed it and says so.
#pragma once
#include "control/nat_log/outlet.h"

namespace sluice::nat_log {

class FileOutlet : public Outlet {
  public:
    FileOutlet(std::string path, Words words);
    FileOutlet(const FileOutlet&) = delete;
    FileOutlet& operator=(const FileOutlet&) = delete;
    ~FileOutlet() override;

    const std::string& path() const { return path_; }
    void reopen();

    size_t take(const Batch& batch) override;
    void note(Progress& progress) const override;
    bool hand_on() override;
    void counted(Progress&) override {}
    void resume(const Progress& progress, bool again) override;

  private:
    bool open();
    bool fail(const char* what);
    uint64_t size() const;

    std::string path_;
    Words words_;
    int file_ = -1;
    std::string text_;
};

}  // namespace sluice::nat_log
