// SPDX-License-Identifier: BSD-3-Clause
// What a shell completes, and the manual's list of commands: both from the commands as they are,
// so that neither is ever out of date.
#include <fmt/format.h>

#include "control/cli/commands.h"

namespace sluice::cli {
namespace {

std::string words_of(const CLI::App& app) {
    std::string words;
    for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
        words += sub->get_name() + " ";
    }
    for (const CLI::Option* option : app.get_options()) {
        for (const std::string& name : option->get_lnames()) words += "--" + name + " ";
    }
    return words;
}

void print_cases(const CLI::App& app, const std::string& path) {
    fmt::print("        \"{}\") words=\"{}\" ;;\n", path, words_of(app));
    for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
        print_cases(*sub, path.empty() ? sub->get_name() : path + " " + sub->get_name());
    }
}

// Interfaces and files are completed where a command takes them; the rest is words.
void print_bash(const CLI::App& app) {
    fmt::print(R"sh(# bash completion for sluice; made by `sluice completion bash`
_sluice() {{
    local current="${{COMP_WORDS[COMP_CWORD]}}" previous="${{COMP_WORDS[COMP_CWORD-1]}}"
    local path="" words="" word
    for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
        case "$word" in -*|/*|*.*) ;; *) path="${{path:+$path }}$word" ;; esac
    done
    case "$path" in
        help*) path="${{path#help}}"; path="${{path# }}" ;;
    esac
    case "$path" in
        check*|diff*|apply*|"route load"*|"route withdraw"*)
            COMPREPLY=($(compgen -f -- "$current"))
            [[ "$current" == -* ]] || return ;;
        "show interface"*|"show neighbour"*|"neighbour add"|"neighbour del")
            words="$(sluice show interface --json 2>/dev/null | sed -n 's/^      "name": "\(.*\)",$/\1/p')"
            ;;
    esac
    case "$previous" in
        --in|--interface)
            words="$(sluice show interface --json 2>/dev/null | sed -n 's/^      "name": "\(.*\)",$/\1/p')"
            COMPREPLY=($(compgen -W "$words" -- "$current")); return ;;
    esac
    local more="$words"
    case "$path" in
)sh");
    print_cases(app, "");
    fmt::print(R"sh(        *) words="" ;;
    esac
    COMPREPLY=($(compgen -W "$more $words" -- "$current"))
}}
complete -F _sluice sluice
)sh");
}

std::string roff(std::string_view text) {
    std::string result;
    for (const char c : text) {
        if (c == '-' || c == '\\') result += '\\';
        result += c == '\n' ? ' ' : c;
    }
    return result;
}

void print_man_command(const CLI::App& app, const std::string& path) {
    const auto subs = app.get_subcommands([](const CLI::App*) { return true; });
    for (const CLI::App* sub : subs) print_man_command(*sub, path + " " + sub->get_name());
    if (!subs.empty()) return;
    std::string line = fmt::format(".TP\n.B {}", roff(path.substr(1)));
    for (const CLI::Option* option : app.get_options()) {
        if (!option->get_positional()) continue;
        line += option->get_required() ? fmt::format(" {}", option->get_name())
                                       : fmt::format(" [{}]", option->get_name());
    }
    fmt::print("{}\n{}\n", line, roff(app.get_description()));
    for (const CLI::Option* option : app.get_options()) {
        if (option->get_positional() || option->get_name() == "--help") continue;
        const std::string text = option->get_description();
        fmt::print(".RS\n.TP\n.B {}\n{}\n.RE\n", roff(option->get_name()),
                   roff(text.empty() ? "see above" : text));
    }
}

}  // namespace

void add_completion_commands(CLI::App& app, CLI::App&, Session& session) {
    CLI::App& completion = *app.add_subcommand("completion", "scripts for shells");
    completion.require_subcommand(1);
    add_command(completion, session, "bash", "print what bash completes", [&app] { print_bash(app); });
    add_command(completion, session, "man", "print the manual's list of commands",
                [&app] { print_man_command(app, ""); });
}

}  // namespace sluice::cli
