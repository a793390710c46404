// SPDX-License-Identifier: BSD-3-Clause
// The dataplane is broken or hostile: in its memories, of state and of sessions, stand whatever
// bytes the input says. Everything that control shows of them is an answer that is JSON, found
// without leaving the memory and in bounded time.
#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include <spdlog/spdlog.h>
#include <sys/mman.h>
#include <unistd.h>

#include "control/api/rpc.h"
#include "lib/flow/table.h"
#include "lib/layout/nat_region.h"
#include "test/fuzz/input.h"

namespace {

using namespace sluice;
using test::Bytes;
using test::Input;

constexpr auto config = R"({
  "interfaces": {
    "lan": { "device": "net_null0", "addresses": ["10.0.0.1/24"] },
    "wan": { "device": "net_null1", "addresses": ["203.0.113.2/24"] }
  },
  "tunnels": { "gre": { "type": "gre", "local": "203.0.113.2", "remote": "198.51.100.9" } },
  "routes": [ { "prefix": "0.0.0.0/0", "via": "203.0.113.1" } ],
  "nat": [ { "type": "source", "out": "wan", "from": "10.0.0.0/24", "to": "interface" },
           { "type": "forward", "in": "wan", "protocol": "tcp", "port": 80, "to": "10.0.0.9",
             "health": { "probe": "tcp" } } ],
  "sessions": { "max": 64 }
})";
constexpr std::array requests{
    R"("status.get")",
    R"("worker.list")",
    R"("interface.list")",
    R"("tunnel.list")",
    R"("drop.list")",
    R"("tally.list")",
    R"("cycle.list")",
    R"("neighbour.list")",
    R"("event.list")",
    R"("route.lookup","params":{"address":"192.0.2.1"})",
    R"("trace.read","params":{"trace":1})",
    R"("session.list")",
    R"("session.numbers")",
    R"("nat.list")",
    R"("nat.cleared","params":{"request":1})",
    R"("explain.run","params":{"in":"lan","src":"10.0.0.9","dst":"192.0.2.1"})",
    R"("explain.run","params":{"in":"wan","src":"192.0.2.1","dst":"203.0.113.2","proto":"tcp"})",
    R"("memory.get")",
};
constexpr uint32_t sessions = 64, addresses = 4;
constexpr uint64_t mappings_at = 4096;
const uint64_t sessions_at = mappings_at + nat::Mappings::bytes_for(addresses);
const uint64_t sessions_bytes = sessions_at + flow::Table::bytes_for(sessions);

std::filesystem::path directory;

void remove_all() {
    std::error_code none;
    for (const char* name : {"state", "sessions"}) {
        std::filesystem::remove(std::filesystem::read_symlink(directory / name, none), none);
    }
    std::filesystem::remove_all(directory, none);
}

// However this process ends: of its own time limit libFuzzer dies without a word to anybody. So
// a child waits for the end of a pipe that nobody writes to.
void remove_all_at_the_end() {
    int ends[2];
    test::promise(::pipe(ends) == 0, "a pipe");
    const pid_t child = ::fork();
    test::promise(child >= 0, "a child");
    if (child > 0) {
        ::close(ends[0]);
        return;
    }
    ::signal(SIGINT, SIG_IGN);
    ::signal(SIGTERM, SIG_IGN);
    ::close(ends[1]);
    char never = 0;
    while (::read(ends[0], &never, 1) < 0 && errno == EINTR) {
    }
    remove_all();
    ::_exit(0);
}

class Fuzzed {
  public:
    Fuzzed()
        : state_(own(layout::state_layout)),
          sessions_(own(layout::nat_region_layout(sessions_bytes))) {
        auto& region = sessions_.as<layout::NatRegion>();
        region.mappings.offset = mappings_at;
        region.mappings.size = nat::Mappings::bytes_for(addresses);
        region.sessions.offset = sessions_at;
        region.sessions.size = flow::Table::bytes_for(sessions);
        control_.config.apply(config, "fuzz", "start");
        auto& state = state_.as<layout::State>();
        state.main.generation = control_.intent.generation();
        state.main.heartbeat_ns = control::monotonic_ns();
        // Whatever packet comes: a filter that says yes.
        answer_to(R"("trace.start","params":{"filter":[[6,0,0,1]]})");
        for (const char* request : requests) {
            test::promise(answer_to(request).contains("result"), "each request is a good one");
        }
    }

    void run(Input input) {
        for (unsigned changes = input.byte() % 24; changes > 0; --changes) change(input);
        control_.tick();
        for (unsigned asked = 0; asked < 4; ++asked) answer_to(input.one_of(requests));
        std::reverse(undo_.begin(), undo_.end());  // two may overlap
        for (const Change& c : undo_) std::copy(c.before.begin(), c.before.end(), c.at);
        undo_.clear();
    }

  private:
    static shm::Region own(const shm::Layout& layout) {
        return shm::Region::own(directory, layout, shm::WhenForeign::rebuild);
    }
    static std::unique_ptr<control::Control> control_process() {
        void* memory = ::mmap(nullptr, sizeof(layout::Intent), PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        control::Options options;
        options.config = directory / "sluice.json";
        options.run_directory = directory;
        options.state_directory = "/proc/nowhere";  // no history
        return std::make_unique<control::Control>(options, *static_cast<layout::Intent*>(memory),
                                                  true, false);
    }

    template <typename T>
    static std::span<std::byte> bytes_of(T& part, size_t count = 1) {
        return {reinterpret_cast<std::byte*>(&part), count * sizeof part};
    }
    // Where a change is most likely to be shown.
    std::span<std::byte> part(Input& input) {
        auto& s = state_.as<layout::State>();
        auto& w = s.workers[input.byte() % 2];
        auto& region = sessions_.as<layout::NatRegion>();
        switch (input.byte() % 14) {
            case 0: return bytes_of(s.main);
            case 1: return bytes_of(s.interfaces[input.byte() % 3]);
            case 2: return bytes_of(s.interfaces[layout::max_ports]);
            case 3: return bytes_of(w).first(offsetof(layout::WorkerBlock, interfaces));
            case 4: return bytes_of(w.interfaces[0], 2);
            case 5: return bytes_of(w.nat_rules[0], 3);
            case 6: return bytes_of(w.events);
            case 7: return bytes_of(w.traces);
            case 8: return bytes_of(s.tunnels[0], 2);
            case 9: return bytes_of(s.neighbours[0], 8);
            case 10: return bytes_of(s.main.events);
            case 11: return bytes_of(region).subspan(sizeof region.stamp);
            case 12: return bytes_of(region, 1 + 2 * 4096 / sizeof region);
            default:
                return {reinterpret_cast<std::byte*>(&region) + sessions_at,
                        flow::Table::bytes_for(sessions)};
        }
    }

    void change(Input& input) {
        const auto where = part(input);
        const Bytes bytes = input.bytes(1u << input.byte() % 5);
        const size_t at = (input.word() << 8 | input.byte()) % where.size();
        std::byte* to = where.data() + at;
        const size_t size = std::min(bytes.size(), where.size() - at);
        undo_.push_back({to, {to, to + size}});
        std::copy_n(reinterpret_cast<const std::byte*>(bytes.data()), size, to);
    }

    nlohmann::json answer_to(const char* what) {
        const std::string request = fmt::format(R"({{"jsonrpc":"2.0","id":1,"method":{}}})", what);
        const std::string answer = api::answer(control_, request);
        auto parsed = config::parse_json(answer);
        test::promise(!parsed.is_discarded(), "answers are JSON");
        return parsed;
    }

    struct Change {
        std::byte* at;
        std::vector<std::byte> before;
    };
    shm::Region state_, sessions_;
    std::unique_ptr<control::Control> owned_ = control_process();
    control::Control& control_ = *owned_;
    std::vector<Change> undo_;
};

Fuzzed& fuzzed() {
    static Fuzzed& made = *[] {
        spdlog::set_level(spdlog::level::off);
        char name[] = "/tmp/sluice-state-fuzz-XXXXXX";
        directory = ::mkdtemp(name);
        remove_all_at_the_end();
        return new Fuzzed;
    }();
    return made;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    fuzzed().run(Input(data, size));
    return 0;
}
