// SPDX-License-Identifier: BSD-3-Clause
// The groups of commands, each in a file of its name. To add one: its file, its line here and its
// line in main.cpp.
#pragma once
#include "control/cli/session.h"

namespace sluice::cli {

// What must outlive the parsing (values of options) is kept by the commands' own functions.
void add_config_commands(CLI::App& app, CLI::App& show, Session& session);
void add_route_commands(CLI::App& app, CLI::App& show, Session& session);
void add_nat_commands(CLI::App& app, CLI::App& show, Session& session);
void add_session_commands(CLI::App& app, CLI::App& show, Session& session);
void add_top_commands(CLI::App& app, CLI::App& show, Session& session);
void add_neighbour_commands(CLI::App& app, CLI::App& show, Session& session);
void add_interface_commands(CLI::App& app, CLI::App& show, Session& session);
void add_tunnel_commands(CLI::App& app, CLI::App& show, Session& session);
void add_multicast_commands(CLI::App& app, CLI::App& show, Session& session);
void add_counter_commands(CLI::App& app, CLI::App& show, Session& session);
void add_status_commands(CLI::App& app, CLI::App& show, Session& session);
void add_explain_commands(CLI::App& app, CLI::App& show, Session& session);
void add_completion_commands(CLI::App& app, CLI::App& show, Session& session);

}  // namespace sluice::cli
