// SPDX-License-Identifier: BSD-3-Clause
#include "lib/shm/words.h"

#include <gtest/gtest.h>

namespace sluice::shm {
namespace {

struct Block {
    uint64_t a;
    uint32_t b;
    char text[9];
    uint8_t c;
    uint16_t d;
};
static_assert(sizeof(Block) == 24);

struct Three {
    char bytes[3];
};
static_assert(WordBlock<Block>);
static_assert(!WordBlock<Three>, "no whole number of words");

TEST(Words, CarryEveryByteThereAndBack) {
    Block in;
    for (unsigned i = 0; i < sizeof in; ++i) {
        reinterpret_cast<unsigned char*>(&in)[i] = static_cast<unsigned char>(7 * i + 1);
    }
    Block shared{}, out{};
    store_words(shared, in);
    load_words(out, shared);
    EXPECT_EQ(std::memcmp(&in, &out, sizeof in), 0);
}

TEST(Words, TouchNothingBesideTheBlock) {
    struct {
        uint64_t before = 1;
        Block block{};
        uint64_t after = 2;
    } shared;
    Block ones;
    std::memset(static_cast<void*>(&ones), 0xff, sizeof ones);
    store_words(shared.block, ones);
    EXPECT_EQ(shared.before, 1u);
    EXPECT_EQ(shared.after, 2u);
}

}  // namespace
}  // namespace sluice::shm
