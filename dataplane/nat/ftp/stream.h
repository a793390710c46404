// SPDX-License-Identifier: BSD-3-Clause
// Two counts of one stream of bytes whose text is changed on its way: the sequence numbers of the
// host inside, which sends it, and those of the remote. They differ by what the changes have added.
#pragma once
#include "dataplane/nat/ftp/scan.h"
#include "lib/nat/ftp_records.h"

namespace sluice::nat::ftp {

// Sequence numbers wrap.
constexpr bool is_before(uint32_t a, uint32_t b) noexcept {
    return static_cast<int32_t>(a - b) < 0;
}

// Expects the record's lock to be held.
class Stream {
  public:
    explicit Stream(FtpRecord& record) noexcept : record_(record) {}

    // A number of the host inside as the remote counts. Within a text that was changed, as many
    // bytes from the end as before, so that the probe of an idle connection, which repeats its
    // last byte, stays one.
    uint32_t to_remote(uint32_t sequence) const noexcept;
    // The reverse, for acknowledgements. A text that was changed is acknowledged as a whole.
    uint32_t to_inside(uint32_t acknowledgement) const noexcept;

    // The i-th of the changes that are remembered, the newest first; null where there are no more.
    const FtpChange* newest(unsigned i) const noexcept;
    // Whether bytes before this number may have been changed by what is forgotten.
    bool forgets(uint32_t sequence) const noexcept;
    // False where the same text was changed before, to one of another length.
    bool add(uint32_t begin, uint32_t end, int32_t grows_by, Form form) noexcept;

  private:
    FtpRecord& record_;
};

}  // namespace sluice::nat::ftp
