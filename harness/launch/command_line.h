// Command lines as values: a string split into words without a shell, and the placeholders {port} and {host}.
// Used for the target and the server command. Pure; launches nothing.
// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/net/endpoint.h"
#include "harness/sys/error.h"

namespace selfconnect {

using CommandLine = std::vector<std::string>;

enum class Placeholder { kPort, kHost };

// Splits at white space. 'single quotes' keep everything, "double quotes" keep everything but \" and \\, and
// outside of quotes a backslash keeps the next character. Nothing is expanded: no variables, no globs, no
// pipes. The error says what is not closed, and at which column (from 1); no word at all is an error.
[[nodiscard]] Result<CommandLine> split_command_line(std::string_view text);

// Replaces every {port} and {host}, in every word: "--url=http://{host}:{port}/". An IPv6 address is written
// without brackets, but as "[::1]" where ":{port}" follows {host} at once.
[[nodiscard]] CommandLine fill_placeholders(std::span<const std::string> command,
                                            const Endpoint& destination);

[[nodiscard]] bool has_placeholder(std::span<const std::string> command, Placeholder placeholder);

}  // namespace selfconnect
