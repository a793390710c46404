// SPDX-License-Identifier: BSD-3-Clause
// How long a cache line takes from one processor to another: prints time-stamp cycles, one way.
//
//   one_way PROCESSOR PROCESSOR     "85.2": near, as two cores of a chip are; 400 and more: far
//
// Virtual processors move. What crosses from one to the other (a ring, memif, vhost) becomes twice
// or three times as slow when they come to be far from each other, whatever the program does.
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

#include <pthread.h>

#include "lib/tsc.h"

namespace {

constexpr int samples = 1000;
constexpr int rounds_of_a_sample = 100;

struct alignas(128) Line {
    std::atomic<int> ball{0};
};

void stay_on(int processor) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(processor, &set);
    if (::pthread_setaffinity_np(::pthread_self(), sizeof set, &set) == 0) return;
    std::fprintf(stderr, "one_way: there is no processor %d for us\n", processor);
    std::exit(1);
}

// A number of 1 lies here, one of 2 there; 3 ends the game.
void play_back(Line& line, int processor) {
    stay_on(processor);
    for (;;) {
        const int seen = line.ball.load(std::memory_order_acquire);
        if (seen == 3) return;
        if (seen == 1) line.ball.store(2, std::memory_order_release);
    }
}

double one_sample(Line& line) {
    const uint64_t begin = sluice::read_tsc();
    for (int i = 0; i < rounds_of_a_sample; ++i) {
        line.ball.store(1, std::memory_order_release);
        while (line.ball.load(std::memory_order_acquire) != 2) {
        }
    }
    return static_cast<double>(sluice::read_tsc() - begin) / (2.0 * rounds_of_a_sample);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) {
        std::fprintf(stderr, "usage: one_way PROCESSOR PROCESSOR\n");
        return 2;
    }
    Line line;
    std::thread other(play_back, std::ref(line), std::atoi(argv[2]));
    stay_on(std::atoi(argv[1]));
    std::vector<double> cycles(samples);
    std::generate(cycles.begin(), cycles.end(), [&line] { return one_sample(line); });
    line.ball.store(3, std::memory_order_release);
    other.join();
    // The median: samples in which either processor did something else are the longest ones.
    std::nth_element(cycles.begin(), cycles.begin() + samples / 2, cycles.end());
    std::printf("%.1f\n", cycles[samples / 2]);
}
