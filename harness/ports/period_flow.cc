// SPDX-License-Identifier: MIT
#include "harness/ports/period_flow.h"

#include <algorithm>
#include <utility>

namespace selfconnect {

namespace {

constexpr std::size_t kLongestStep =
    8;  // a scan that skips nothing is followed by one 1 to 8 places further on

// Each of `to` is the mean of the eight of `from` that come before it by 8 to 1.
void spread(const double* from, double* __restrict to, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    const double* const f = from + i;
    to[i] = (((f[0] + f[1]) + (f[2] + f[3])) + ((f[4] + f[5]) + (f[6] + f[7]))) / kLongestStep;
  }
}

}  // namespace

PeriodFlow::PeriodFlow(const CandidateRing& ring, std::uint16_t port, AfterHit after_hit)
    : places_(ring.places.size()),
      flow_(kLongestStep + places_, 1.0 / static_cast<double>(places_)),
      next_(flow_.size()) {
  for (std::size_t place = 0; place < places_; ++place) {
    const ScanEnd& end = ring.places[place];
    const bool leads = end.port == port;
    if (leads) leading_.push_back(place);
    if (!end.port || (leads && after_hit == AfterHit::kStop)) {
      ending_.push_back(place);
    } else if (end.skipped > 0) {
      jumps_.push_back({place, end.skipped});
    }
  }
  jumping_.resize(jumps_.size());
}

double& PeriodFlow::at(std::size_t place) { return flow_[kLongestStep + place]; }

void PeriodFlow::land(const Jump& jump, double probability) {
  const auto land_at = [&](std::size_t place, double part) {
    while (place >= places_) place -= places_;
    at(place) += part;
  };
  const std::size_t certain = std::min(jump.skipped + 1, kLongestStep);  // of 8 random steps: no longer ones
  const double part = probability / kLongestStep;
  land_at(jump.from + jump.skipped + 1, part * static_cast<double>(certain));
  for (std::size_t step = certain + 1; step <= kLongestStep; ++step) land_at(jump.from + step, part);
}

void PeriodFlow::carry_on() {
  for (std::size_t i = 0; i < jumps_.size(); ++i) jumping_[i] = std::exchange(at(jumps_[i].from), 0.0);
  for (std::size_t i = 0; i < kLongestStep; ++i) {
    flow_[i] = at((places_ * kLongestStep + i - kLongestStep) % places_);
  }
  spread(flow_.data(), next_.data() + kLongestStep, places_);
  std::swap(flow_, next_);
  for (std::size_t i = 0; i < jumps_.size(); ++i) {
    if (jumping_[i] > 0) land(jumps_[i], jumping_[i]);
  }
}

// The first attempt starts anywhere. Where it does not lead, such as inside a long row of reserved ports, none will.
void PeriodFlow::forget_what_nothing_leads_to() {
  const auto is_empty = [&](std::size_t place) { return at(place) == 0; };
  std::erase_if(leading_, is_empty);
  std::erase_if(ending_, is_empty);
  std::erase_if(jumps_, [&](const Jump& jump) { return is_empty(jump.from); });
}

double PeriodFlow::next() {
  double hit = 0;
  for (const std::size_t place : leading_) hit += at(place);
  for (const std::size_t place : ending_) moving_ -= std::exchange(at(place), 0.0);
  carry_on();
  if (std::exchange(is_first_, false)) forget_what_nothing_leads_to();
  return hit;
}

std::size_t PeriodFlow::cost() const {
  constexpr std::size_t kAttempt = 200, kPlaceByItself = 20;  // as measured
  return kAttempt + places_ + kPlaceByItself * (leading_.size() + ending_.size() + jumps_.size());
}

double share_in_the_long_run(const CandidateRing& ring, std::uint16_t port) {
  const std::size_t places = ring.places.size();
  std::vector<double> flow(places, 1.0 / static_cast<double>(places));
  double all = 0, leading = 0;
  const std::size_t laps = std::max<std::size_t>(4, 8192 / places);
  for (std::size_t lap = 0; lap < laps; ++lap) {
    all = leading = 0;
    for (std::size_t place = 0; place < places; ++place) {
      const double here = std::exchange(flow[place], 0.0);
      const ScanEnd& end = ring.places[place];
      all += here;
      if (end.port == port) leading += here;
      for (std::size_t random = 0; random < kLongestStep; ++random) {
        flow[(place + std::max<std::size_t>(end.skipped, random) + 1) % places] += here / kLongestStep;
      }
    }
  }
  return leading / all;
}

}  // namespace selfconnect
