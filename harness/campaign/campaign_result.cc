// SPDX-License-Identifier: MIT
#include "harness/campaign/campaign_result.h"

#include <array>

namespace selfconnect {

std::string_view campaign_end_name(CampaignEnd end) {
  static constexpr std::array<std::string_view, 5> kNames = {"time", "runs", "finding", "interrupted",
                                                             "failed"};
  return kNames.at(static_cast<std::size_t>(end));
}

double CampaignResult::runs_per_second() const {
  const double seconds = std::chrono::duration<double>(elapsed).count();
  return seconds > 0 ? static_cast<double>(runs) / seconds : 0;
}

}  // namespace selfconnect
