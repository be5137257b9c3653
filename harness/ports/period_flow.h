// linux-5.18 within one period of its hash, exactly: the probability that a scan starts at each place, carried from one
// attempt to the next. Each attempt goes through all places, so it is for few attempts; first_hits.h is for many.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "harness/ports/candidate_ring.h"

namespace selfconnect {

enum class AfterHit { kStop, kGoOn };  // what a client does that was given the port

class PeriodFlow {
 public:
  // The first attempt of a period starts at any place, each as likely.
  PeriodFlow(const CandidateRing& ring, std::uint16_t port, AfterHit after_hit);

  // The probability that the next attempt is made and is given the port.
  double next();

  // The probability that a later attempt may yet be given another port than the one before: that neither the client has
  // stopped nor its scans have come to where there is no port.
  [[nodiscard]] double moving() const { return moving_; }

  // What the next attempt costs, in units of a third of a nanosecond.
  [[nodiscard]] std::size_t cost() const;

 private:
  struct Jump {
    std::size_t from;
    std::size_t skipped;
  };
  [[nodiscard]] double& at(std::size_t place);
  void carry_on();
  void forget_what_nothing_leads_to();
  void land(const Jump& jump, double probability);

  std::size_t places_;
  std::vector<double> flow_;          // by place, after a copy of the last ones before the first
  std::vector<double> next_;          // of the same shape
  std::vector<std::size_t> leading_;  // places from which the port is given
  std::vector<std::size_t> ending_;   // places that nothing goes on from
  std::vector<Jump> jumps_;           // places whose port is reserved
  std::vector<double> jumping_;       // the probability of each jump
  double moving_ = 1;
  bool is_first_ = true;
};

// The share of attempts that are given the port, by a walk that has been going on for long and is never begun anew. For
// rings of more than one candidate: with one, where it ends is where it started.
[[nodiscard]] double share_in_the_long_run(const CandidateRing& ring, std::uint16_t port);

}  // namespace selfconnect
