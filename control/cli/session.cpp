// SPDX-License-Identifier: BSD-3-Clause
#include "control/cli/session.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include <fmt/format.h>
#include <unistd.h>

namespace sluice::cli {
namespace {

// Without what colours it.
size_t width_of(std::string_view text) {
    size_t width = 0;
    bool escaped = false;
    for (const char c : text) {
        if (c == '\033') escaped = true;
        width += !escaped && (static_cast<unsigned char>(c) & 0xc0) != 0x80;
        if (escaped && c == 'm') escaped = false;
    }
    return width;
}

}  // namespace

Client& Session::client() {
    if (!client_) client_ = std::make_unique<Client>(run_directory / "control.sock");
    return *client_;
}

CLI::App* add_command(CLI::App& parent, Session& session, const std::string& name,
                      const std::string& description, std::function<void()> run) {
    CLI::App* app = parent.add_subcommand(name, description);
    app->callback([&session, app, run = std::move(run)] {
        const bool one_below_is_asked_for = !app->get_subcommands().empty();
        if (!one_below_is_asked_for) session.command = run;
    });
    return app;
}

CLI::App* add_show(CLI::App& parent, Session& session, const std::string& name,
                   const std::string& description, std::function<json()> ask,
                   std::function<void(const json&)> print) {
    CLI::App* app = add_command(parent, session, name, description, [&session, ask, print] {
        const json answer = ask();
        if (session.json_output) {
            fmt::print("{}\n", answer.dump(2));
        } else {
            print(answer);
        }
    });
    app->add_flag("--json", session.json_output, "print the answer as JSON (docs/api.md)");
    return app;
}

bool on_terminal() {
    static const bool result = ::isatty(STDOUT_FILENO) == 1;
    return result;
}

std::string in_colour(Colour colour, std::string_view text) {
    static const bool wanted = on_terminal() && std::getenv("NO_COLOR") == nullptr;
    static constexpr const char* codes[] = {"31", "33", "32", "90", "1"};
    if (!wanted || text.empty()) return std::string(text);
    return fmt::format("\033[{}m{}\033[0m", codes[static_cast<size_t>(colour)], text);
}

Colour colour_of_severity(std::string_view severity) {
    if (severity == "error") return Colour::red;
    if (severity == "warning") return Colour::yellow;
    return severity == "expected" ? Colour::grey : Colour::bold;
}

Table::Table(std::vector<std::string> heads, std::vector<bool> right)
    : heads_(std::move(heads)), right_(std::move(right)) {
    right_.resize(heads_.size());
}

void Table::add(std::vector<std::string> cells) {
    cells.resize(heads_.size());
    rows_.push_back(std::move(cells));
}

void Table::print() const {
    std::vector<size_t> widths;
    for (size_t i = 0; i < heads_.size(); ++i) {
        widths.push_back(width_of(heads_[i]));
        for (const auto& row : rows_) widths[i] = std::max(widths[i], width_of(row[i]));
    }
    const auto print_row = [&](const std::vector<std::string>& row) {
        std::string line;
        for (size_t i = 0; i < row.size(); ++i) {
            const std::string fill(widths[i] - width_of(row[i]), ' ');
            line += right_[i] ? fill + row[i] : row[i] + fill;
            line += "  ";
        }
        line.erase(line.find_last_not_of(' ') + 1);
        fmt::print("{}\n", line);
    };
    std::vector<std::string> heads;
    for (const std::string& head : heads_) heads.push_back(in_colour(Colour::grey, head));
    print_row(heads);
    for (const auto& row : rows_) print_row(row);
}

std::string with_commas(uint64_t number) {
    std::string digits = std::to_string(number);
    for (size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, 1, ',');
    return digits;
}

std::string rate_text(double per_second, std::string_view of) {
    static constexpr const char* units[] = {"", "k", "M", "G", "T"};
    size_t unit = 0;
    for (; per_second >= 999.5 && unit + 1 < std::size(units); ++unit) per_second /= 1000;
    const int decimals = unit == 0 || per_second >= 99.95 ? 0 : per_second >= 9.995 ? 1 : 2;
    const bool is_bare = unit == 0 && of.empty();
    return fmt::format("{:.{}f}{}{}{}", per_second, decimals, is_bare ? "" : " ", units[unit], of);
}

std::string bytes_text(uint64_t bytes) {
    static constexpr const char* units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    auto value = static_cast<double>(bytes);
    size_t unit = 0;
    for (; value >= 1024 && unit + 1 < std::size(units); ++unit) value /= 1024;
    return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", value, units[unit]);
}

std::string duration_text(double seconds) {
    if (seconds < 10) return fmt::format("{:.1f} s", seconds);
    const auto whole = static_cast<uint64_t>(seconds);
    if (whole < 60) return fmt::format("{} s", whole);
    if (whole < 3600) return fmt::format("{} min {} s", whole / 60, whole % 60);
    if (whole < 86400) return fmt::format("{} h {} min", whole / 3600, whole / 60 % 60);
    return fmt::format("{} d {} h", whole / 86400, whole / 3600 % 24);
}

}  // namespace sluice::cli
