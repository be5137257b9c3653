// The main of a fuzz target in a program without a fuzzing engine: plays schedules and says what is found.
//   hiredis_fuzz [--trace] [--runs N] [--schedule TEXT | FILE | DIR] ...
// SPDX-License-Identifier: MIT
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

namespace {

namespace fs = std::filesystem;

struct Input {
  std::string file;  // empty: of the command line
  std::string bytes;
};

constexpr int kWrongUsage = 64;

[[noreturn]] void wrong_usage(const std::string& why) {
  std::fprintf(stderr,
               "%s\nusage: [--trace] [--runs N] [--schedule TEXT | FILE | DIR] ...\n"
               "  plays schedules, each on one life of the client; --trace: shows calls and segments; "
               "--runs: all of it N "
               "times\n",
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

}  // namespace

int main(int argc, char** argv) {
  std::vector<Input> inputs;
  long runs = 1;
  for (int index = 1; index < argc; ++index) {
    const std::string_view word = argv[index];
    if (word == "--trace") {
      selfconnect::vnet::show_traces();
    } else if (word == "--runs" && index + 1 < argc) {
      runs = std::strtol(argv[++index], nullptr, 10);
    } else if (word == "--schedule" && index + 1 < argc) {
      inputs.push_back({.file = "", .bytes = argv[++index]});
    } else {
      read_into(inputs, word);
    }
  }
  if (inputs.empty() || runs < 1) wrong_usage("nothing to play");
  for (long run = 0; run < runs; ++run) {
    for (const Input& input : inputs) selfconnect::vnet::play_input(input.bytes, input.file);
  }
  std::fprintf(stderr, "played %zu schedules\n", inputs.size() * static_cast<std::size_t>(runs));
  return 0;
}
