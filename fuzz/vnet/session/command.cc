// SPDX-License-Identifier: MIT
#include "fuzz/vnet/session/command.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/vnet/session/entry.h"
#include "fuzz/vnet/session/shrink_in_children.h"
#include "harness/schedule/schedule.h"

namespace selfconnect::vnet {

namespace {

namespace fs = std::filesystem;

constexpr int kWrongUsage = 64;

struct Input {
  std::string file;  // empty: of the command line
  std::string bytes;
};

struct Command {
  std::vector<Input> inputs{};
  long runs = 1;
  bool trace = false;
  bool shrink = false;
};

[[noreturn]] void wrong_usage(const std::string& why) {
  std::fprintf(stderr,
               "%s\n"
               "usage: [--trace] [--shrink] [--runs N] [--schedule TEXT | FILE | DIRECTORY] ...\n"
               "  plays schedules, each on one life of the client, and aborts where there is a finding\n"
               "  --trace   shows calls and segments on stderr\n"
               "  --shrink  prints the shortest schedule that shows the same finding\n"
               "  --runs N  all of it N times\n",
               why.c_str());
  std::exit(kWrongUsage);
}

void read_into(std::vector<Input>& inputs, const fs::path& path) {
  if (fs::is_directory(path)) {
    std::vector<fs::path> files(fs::directory_iterator(path), {});
    std::ranges::sort(files);
    for (const fs::path& file : files) read_into(inputs, file);
    return;
  }
  std::ifstream stream(path, std::ios::binary);
  if (!stream) wrong_usage("cannot read " + path.string());
  inputs.push_back({.file = path.string(), .bytes = {std::istreambuf_iterator<char>(stream), {}}});
}

// A file may be any bytes, as an engine makes them up; what a person writes has to be a schedule.
Input typed(const char* text) {
  if (const auto schedule = parse_schedule(text); !schedule)
    wrong_usage("--schedule: " + schedule.error().message(text));
  return {.file = "", .bytes = text};
}

Command parse(int argc, char** argv) {
  Command command;
  for (int index = 1; index < argc; ++index) {
    const std::string_view word = argv[index];
    const bool more = index + 1 < argc;
    if (word == "--trace") {
      command.trace = true;
    } else if (word == "--shrink") {
      command.shrink = true;
    } else if (word == "--runs" && more) {
      command.runs = std::strtol(argv[++index], nullptr, 10);
    } else if (word == "--schedule" && more) {
      command.inputs.push_back(typed(argv[++index]));
    } else if (word.starts_with("-")) {
      wrong_usage("unknown option " + std::string(word));
    } else {
      read_into(command.inputs, word);
    }
  }
  if (command.inputs.empty() || command.runs < 1) wrong_usage("nothing to play");
  return command;
}

}  // namespace

bool is_own_command(int argc, char** argv) { return argc > 1 && std::string_view(argv[1]).starts_with("--"); }

int play_command(int argc, char** argv) {
  const Command command = parse(argc, argv);
  if (command.shrink) {
    for (const Input& input : command.inputs) {
      if (!shrink_in_children(input.bytes)) return 1;
    }
    return 0;
  }
  if (command.trace) show_traces();
  for (long run = 0; run < command.runs; ++run) {
    for (const Input& input : command.inputs) play_input(input.bytes, input.file);
  }
  std::fprintf(stderr, "played %zu schedules\n",
               command.inputs.size() * static_cast<std::size_t>(command.runs));
  return 0;
}

}  // namespace selfconnect::vnet
