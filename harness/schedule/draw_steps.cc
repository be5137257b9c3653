// SPDX-License-Identifier: MIT
#include "harness/schedule/draw_steps.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "harness/schedule/draw.h"

namespace selfconnect {

namespace {

using namespace std::string_view_literals;

constexpr std::uint32_t kMostDrawnSteps = 6;
constexpr std::uint32_t kMostDrawnRead = 64;
constexpr std::uint32_t kMostDrawnText = 32;

// What servers say: RESP, HTTP, SMTP and FTP, SSH, MQTT, SOCKS, TLS.
constexpr std::array kFragments = {"+OK\r\n"sv,
                                   "-ERR\r\n"sv,
                                   "$-1\r\n"sv,
                                   "$4\r\nPONG\r\n"sv,
                                   "HTTP/1.1 200 OK\r\n"sv,
                                   "HTTP/1.1 503 \r\n\r\n"sv,
                                   "Content-Length: 0\r\n\r\n"sv,
                                   "220 ready\r\n"sv,
                                   "421 later\r\n"sv,
                                   "SSH-2.0-x\r\n"sv,
                                   "\x20\x02\x00\x00"sv,
                                   "\x05\x00"sv,
                                   "\x15\x03\x03\x00\x02\x02\x28"sv,
                                   "\r\n"sv,
                                   "\0"sv};

std::string draw_bytes(RandomSource& random, std::uint32_t first, std::uint32_t bound) {
  std::string bytes(draw_log_uniform(random, 1, kMostDrawnText), '\0');
  for (char& byte : bytes) byte = static_cast<char>(first + random.below(bound));
  return bytes;
}

std::string draw_text(RandomSource& random) {
  const std::string_view fragment = kFragments.at(random.below(kFragments.size()));
  switch (random.below(4)) {
    case 0:  // an answer that stops half-way
      return std::string(fragment.substr(0, 1 + random.below(static_cast<std::uint32_t>(fragment.size()))));
    case 1:
      return draw_bytes(random, 'a', 26);
    case 2:
      return draw_bytes(random, 0, 256);
    default:
      return std::string(fragment);
  }
}

Step draw_read(RandomSource& random) {
  return {.what = Step::What::kRead, .amount = draw_log_uniform(random, 1, kMostDrawnRead), .bytes = {}};
}

Step draw_say(RandomSource& random) {
  return {.what = Step::What::kSay, .amount = 0, .bytes = draw_text(random)};
}

Step draw_move(RandomSource& random) { return draw_one_in(random, 2) ? draw_read(random) : draw_say(random); }

bool is_ending(const Step& step) {
  return step.what == Step::What::kClose || step.what == Step::What::kReset ||
         step.what == Step::What::kHalfClose;
}

// A close, a reset or a half-close, or none.
void draw_ending(RandomSource& random, std::vector<Step>& steps) {
  static constexpr std::array kEndings = {Step::What::kClose, Step::What::kReset, Step::What::kHalfClose};
  if (!steps.empty() && draw_one_in(random, 3)) return;
  steps.push_back({.what = kEndings.at(random.below(kEndings.size())), .amount = 0, .bytes = {}});
}

void change_text(RandomSource& random, std::string& bytes) {
  const auto at = random.below(static_cast<std::uint32_t>(bytes.size()));
  switch (random.below(5)) {
    case 0:
      bytes[at] = static_cast<char>(random.below(256));
      break;
    case 1:
      bytes.insert(at, 1, static_cast<char>(random.below(256)));
      break;
    case 2:
      if (bytes.size() > 1) bytes.erase(at, 1);
      break;
    case 3:
      bytes.resize(at + 1);
      break;
    default:
      bytes = draw_text(random);
  }
}

void change_step(RandomSource& random, Step& step) {
  if (step.what == Step::What::kSay) {
    change_text(random, step.bytes);
  } else {
    step = draw_move(random);
  }
}

bool within_limits(const std::vector<Step>& steps) {
  std::size_t said = 0;
  for (const Step& step : steps) said += step.bytes.size();
  return steps.size() <= kMostSteps && said <= kMostBytes;
}

// `moves` without their ending, which stays where it is.
void change_moves(RandomSource& random, std::vector<Step>& moves) {
  const auto count = static_cast<std::uint32_t>(moves.size());
  const auto place = moves.begin() + random.below(count + 1);
  const auto chosen = count == 0 ? moves.end() : moves.begin() + random.below(count);
  switch (random.below(4)) {
    case 0:
      moves.insert(place, draw_move(random));
      break;
    case 1:
      if (chosen != moves.end()) moves.erase(chosen);
      break;
    case 2:
      if (chosen != moves.end()) std::iter_swap(chosen, moves.begin());
      break;
    default:
      if (chosen != moves.end()) change_step(random, *chosen);
  }
}

}  // namespace

std::vector<Step> draw_steps(RandomSource& random) {
  std::vector<Step> steps(draw_log_uniform(random, 1, kMostDrawnSteps - 1));
  for (Step& step : steps) step = draw_move(random);
  draw_ending(random, steps);
  return steps;
}

std::vector<Step> draw_changed_steps(RandomSource& random, const std::vector<Step>& steps) {
  const auto ending = std::ranges::find_if(steps, is_ending);
  std::vector<Step> moves(steps.begin(), ending);
  const std::vector<Step> rest(ending, steps.end());
  if (draw_one_in(random, 4)) {
    draw_ending(random, moves);
  } else {
    change_moves(random, moves);
    moves.insert(moves.end(), rest.begin(), rest.end());
  }
  return !moves.empty() && within_limits(moves) ? moves : steps;
}

}  // namespace selfconnect
