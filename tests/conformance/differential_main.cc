// The differential fuzzer: random sequences of calls on the kernel and on the virtual network, until the first difference.
//
//   vnet_differential --sequences 100000 --seed 1 --family 4|6|mapped     (without --family: each in turn)
//   vnet_differential --replay '4: socket s0 block; bind s0 P0; ...'      both traces of one sequence
//   ... --against kernel      compares the kernel with itself, to see what is its own noise
//
// Exit status: 0 no difference, 1 a difference, 2 a wrong call, 77 no namespace may be made here.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <string_view>

#include "compare.h"
#include "generate.h"
#include "harness/sys/random_source.h"
#include "kernel_side.h"
#include "vnet_side.h"

namespace selfconnect::conformance {
namespace {

constexpr int kSkip = 77;  // tests/conformance/CMakeLists.txt
constexpr Flavour kFlavours[] = {Flavour::kIpv4, Flavour::kIpv6, Flavour::kMapped};

struct Options {
  std::uint64_t sequences = 10'000;
  std::uint64_t seed = std::random_device()();
  std::optional<Flavour> flavour;
  std::string_view replay;
  bool against_kernel = false;
};

// What was being played when the virtual network refused a call, which aborts.
std::string playing;

void say_what_is_played(int /*signal*/) {
  [[maybe_unused]] const auto written = write(STDERR_FILENO, playing.data(), playing.size());
}

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<Options> options_of(std::span<char*> arguments) {
  Options options;
  if (arguments.size() % 2 != 0) return std::nullopt;
  for (std::size_t index = 0; index < arguments.size(); index += 2) {
    const std::string_view name = arguments[index], value = arguments[index + 1];
    if (name == "--sequences" && number(value)) {
      options.sequences = *number(value);
    } else if (name == "--seed" && number(value)) {
      options.seed = *number(value);
    } else if (name == "--family" && (value == "4" || value == "6" || value == "mapped")) {
      options.flavour = value == "4" ? Flavour::kIpv4 : value == "6" ? Flavour::kIpv6 : Flavour::kMapped;
    } else if (name == "--replay") {
      options.replay = value;
    } else if (name == "--against" && (value == "kernel" || value == "vnet")) {
      options.against_kernel = value == "kernel";
    } else {
      return std::nullopt;
    }
  }
  return options;
}

int replay(Comparison& comparison, std::string_view text, const Side& one, const Side& other, Side& side) {
  const auto sequence = parse(text);
  if (!sequence) {
    fmt::print(stderr, "{}\n", sequence.error());
    return 2;
  }
  if (const auto found = comparison.difference(*sequence)) {
    fmt::print("{}", describe(*found, one, other));
    return 1;
  }
  const Trace trace = side.play(*sequence);
  fmt::print("no difference\n{}", describe({*sequence, trace, trace}, one, other));
  return 0;
}

int fuzz(Comparison& comparison, const Options& options, const Side& one, const Side& other) {
  fmt::print("seed {}\n", options.seed);
  const auto begun = std::chrono::steady_clock::now();
  std::uint64_t calls = 0;
  for (std::uint64_t index = 0; index < options.sequences; ++index) {
    const Sequence sequence = generate(RandomSource::mix(options.seed) + index,
                                       options.flavour.value_or(kFlavours[index % std::size(kFlavours)]));
    calls += sequence.calls.size();
    playing = print(sequence) + "\n";
    if (const auto found = comparison.difference(sequence)) {
      fmt::print("sequence {}: {}\nshrunk: {}", index, describe(*found, one, other),
                 describe(comparison.shrink(*found), one, other));
      return 1;
    }
    if ((index + 1) % 10'000 == 0)
      fmt::print("{} sequences, no difference\n", index + 1), std::fflush(stdout);
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
  fmt::print("{} sequences, {} calls in {:.1f} s: no difference; {} did not repeat\n", options.sequences,
             calls, took.count(), comparison.unrepeated());
  return 0;
}

int run(std::span<char*> arguments) {
  const auto options = options_of(arguments);
  if (!options) {
    fmt::print(stderr,
               "usage: vnet_differential [--sequences N] [--seed S] [--family 4|6|mapped] [--replay "
               "SEQUENCE] [--against kernel]\n");
    return 2;
  }
  std::signal(SIGABRT, say_what_is_played);
  std::unique_ptr<Side> other;
  if (!options->against_kernel) other = std::make_unique<VnetSide>();
  auto kernel = KernelSide::create();
  if (!kernel) {
    fmt::print("needs netns: {}\n", kernel.error().message);
    return kSkip;
  }
  Side& against = other ? *other : *kernel;
  Comparison comparison(*kernel, against);
  return options->replay.empty() ? fuzz(comparison, *options, *kernel, against)
                                 : replay(comparison, options->replay, *kernel, against, *kernel);
}

}  // namespace
}  // namespace selfconnect::conformance

int main(int count, char** arguments) {
  return selfconnect::conformance::run({arguments + 1, static_cast<std::size_t>(count - 1)});
}
