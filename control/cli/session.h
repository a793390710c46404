// SPDX-License-Identifier: BSD-3-Clause
// What all commands share: how to reach control, how to print, how to end.
//
//   exit 0  done     1  refused, or a problem was found     2  wrong usage     3  no control
//   process
#pragma once
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>

#include "control/cli/client.h"

namespace sluice::cli {

inline constexpr int exit_refused = 1;
inline constexpr int exit_usage = 2;
inline constexpr int exit_no_control = 3;

struct Session {
    std::string name = "default";
    std::filesystem::path run_directory;
    bool json_output = false;
    int exit_code = 0;
    std::function<void()> command;  // what was asked for; run once the line has been read

    Client& client();

  private:
    std::unique_ptr<Client> client_;
};

// A command that runs `run` when it is the one asked for.
CLI::App* add_command(CLI::App& parent, Session& session, const std::string& name,
                      const std::string& description, std::function<void()> run);
// The same with --json: then the answer is printed as it came, and `print` does not run.
CLI::App* add_show(CLI::App& parent, Session& session, const std::string& name,
                   const std::string& description, std::function<json()> ask,
                   std::function<void(const json&)> print);

// On a terminal that wants colours; plain elsewhere.
enum class Colour { red, yellow, green, grey, bold };
std::string in_colour(Colour colour, std::string_view text);
bool on_terminal();
Colour colour_of_severity(std::string_view severity);

// Columns as wide as their widest cell; colours do not count. `right`: columns of numbers.
class Table {
  public:
    explicit Table(std::vector<std::string> heads, std::vector<bool> right = {});
    void add(std::vector<std::string> cells);
    void print() const;
    bool empty() const { return rows_.empty(); }

  private:
    std::vector<std::string> heads_;
    std::vector<bool> right_;
    std::vector<std::vector<std::string>> rows_;
};

// 1234567 as 1,234,567.
std::string with_commas(uint64_t number);
// 12.3 k, 4.56 M: three digits; of a unit 0 bit/s, 4.56 Mbit/s.
std::string rate_text(double per_second, std::string_view of = "");
std::string bytes_text(uint64_t bytes);     // 40.0 MiB
std::string duration_text(double seconds);  // 3 d 4 h, 5 min 6 s, 1.2 s

}  // namespace sluice::cli
