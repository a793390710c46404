// SPDX-License-Identifier: BSD-3-Clause
// The other side of the shared memory is broken or hostile: whatever it wrote, our readers stay
// in bounds and keep their promises. The input becomes the words that steer the readers and the
// contents that they copy.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "lib/layout/publish.h"
#include "lib/layout/regions.h"

namespace {

using namespace sluice::layout;

class Input {
  public:
    Input(const uint8_t* data, size_t size) noexcept : data_(data), size_(size) {}

    template <typename T>
    T take() noexcept {
        T value{};
        const size_t length = size_ < sizeof value ? size_ : sizeof value;
        if (length > 0) std::memcpy(static_cast<void*>(&value), data_, length);
        data_ += length;
        size_ -= length;
        return value;
    }
    // What is left, laid over `memory` at a place that the input chooses.
    void lay_over(void* memory, size_t room) noexcept {
        const size_t at = take<uint32_t>() % room;
        const size_t length = size_ < room - at ? size_ : room - at;
        if (length > 0) std::memcpy(static_cast<uint8_t*>(memory) + at, data_, length);
    }

  private:
    const uint8_t* data_;
    size_t size_;
};

void promise(bool kept) {
    if (!kept) std::abort();
}

// Placed as a region would be; not on the heap, which has no such alignment to give.
template <typename T>
T& zeroed() {
    void* memory = std::aligned_alloc(alignof(T), sizeof(T));
    promise(memory != nullptr);
    return *static_cast<T*>(std::memset(memory, 0, sizeof(T)));
}

void read_snapshot(Input input) {
    static Intent& intent = zeroed<Intent>();
    static const auto copy = std::make_unique<Snapshot>();
    const auto published = input.take<uint64_t>();
    intent.published.store(published);
    for (unsigned slot = 0; slot < snapshot_slots; ++slot) {
        intent.snapshots[slot].generation = input.take<uint8_t>();
    }
    input.lay_over(intent.snapshots, sizeof intent.snapshots);

    std::memset(static_cast<void*>(copy.get()), 0xa5, 8);
    if (!copy_published(intent, *copy)) return;
    promise(published != 0 && copy->generation == published >> 8);
    promise(std::memcmp(copy.get(), &intent.snapshots[(published & 0xff) % snapshot_slots],
                        sizeof(Snapshot)) == 0);
}

void read_trace_request(Input input) {
    static Intent& intent = zeroed<Intent>();
    const auto number = input.take<uint32_t>();
    std::memcpy(static_cast<void*>(&intent.trace_sequence), &number, sizeof number);
    input.lay_over(&intent.trace, sizeof intent.trace);

    TraceRequest copy{};
    const bool given = intent.trace_sequence.read(copy, intent.trace);
    promise(given == (number % 2 == 0));
    if (given) promise(std::memcmp(&copy, &intent.trace, sizeof copy) == 0);
}

template <typename T, unsigned Size>
void read_ring(Input input) {
    static Ring<T, Size>& ring = zeroed<Ring<T, Size>>();
    const auto written = input.take<uint64_t>();
    const auto near = written - input.take<uint8_t>(), far = input.take<uint64_t>();
    ring.written.store(written);
    input.lay_over(ring.entries, sizeof ring.entries);

    for (const uint64_t at : std::array{near, far}) {
        T copy{};
        const bool given = ring.read(at, copy);
        promise(given == (at < written && written - at < Size));
        if (given) promise(std::memcmp(&copy, &ring.entries[at % Size], sizeof copy) == 0);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const Input input(data, size);
    switch (Input which = input; which.take<uint8_t>() % 4) {
        case 0: read_snapshot(which); break;
        case 1: read_trace_request(which); break;
        case 2: read_ring<Event, worker_events>(which); break;
        case 3: read_ring<TraceRecord, worker_traces>(which); break;
    }
    return 0;
}
