// Predictions as `predict` writes them for machines. Pure.
// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string>

#include "harness/cli/prediction_text.h"

namespace selfconnect {

// Schema selfconnect.predict/1 (docs/json.md), ending in a newline.
[[nodiscard]] std::string prediction_json(std::span<const PredictedPort> ports,
                                          const PredictionQuestion& common,
                                          std::span<const PortRange> reserved);

}  // namespace selfconnect
