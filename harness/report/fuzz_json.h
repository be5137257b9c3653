// A campaign as JSON, schema selfconnect.fuzz/1 (docs/fuzzing.md). Pure.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "harness/campaign/campaign_result.h"
#include "harness/judge/finding.h"

namespace selfconnect {

[[nodiscard]] std::string campaign_json(const CampaignResult& result, Verdict verdict);

}  // namespace selfconnect
