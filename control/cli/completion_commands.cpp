// SPDX-License-Identifier: BSD-3-Clause
// What a shell completes, and the manual's page of commands: both from the commands as they are,
// so that neither is ever out of date.
#include <fmt/format.h>

#include "control/cli/commands.h"
#include "lib/layout/regions.h"

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
    if (app.get_require_subcommand_min() > 0) return;
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

void print_man(const CLI::App& app) {
    fmt::print(R"(.TH SLUICE 8 "" "{0}"
.SH NAME
sluice \- tell a Sluice router what to do, and see what it does
.SH SYNOPSIS
.B sluice
[\-\-name NAME | \-\-run\-dir DIR] COMMAND ...
.SH DESCRIPTION
{1}
Each command is one request to the control process over its unix socket; whoever may open the
socket may do everything. Output is coloured on a terminal only (see NO_COLOR); \-\-json prints the
answer as the API gave it.
.SH COMMANDS
)",
               layout::version, roff(app.get_description()));
    print_man_command(app, "");
    fmt::print(R"(.SH EXIT STATUS
0 done; 1 refused, or a problem was found; 2 wrong usage; 3 no control process.
.SH ENVIRONMENT
SLUICE_NAME and SLUICE_RUN_DIR stand for \-\-name and \-\-run\-dir.
.SH FILES
.I /run/sluice/NAME/control.sock
.SH EXAMPLES
.nf
sluice apply \-\-confirm 60 sluice.json && sluice confirm
sluice show route 8.8.8.8
sluice explain \-\-in lan \-\-dst 8.8.8.8 \-\-proto tcp \-\-dport 443
sluice trace \-\-count 5 icmp and host 10.0.0.9
.fi
.SH SEE ALSO
.BR sluice\-control (8),
.BR sluice\-dataplane (8),
.BR sluice.json (5)
)");
}

}  // namespace

void add_completion_commands(CLI::App& app, CLI::App&, Session& session) {
    CLI::App& completion = *app.add_subcommand("completion", "scripts for shells");
    completion.require_subcommand(1);
    add_command(completion, session, "bash", "print what bash completes",
                [&app] { print_bash(app); });
    add_command(completion, session, "man", "print the manual page sluice(8)",
                [&app] { print_man(app); });
}

}  // namespace sluice::cli
