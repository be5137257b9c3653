// The side of the virtual network: each sequence has a virtual host of its own, whose attempts all go to the host itself.
// SPDX-License-Identifier: MIT
#pragma once

#include "side.h"

namespace selfconnect::conformance {

class VnetSide final : public Side {
 public:
  VnetSide();
  void run(bool forced, const Body& body) override;
  [[nodiscard]] std::string_view name() const override { return "vnet"; }
};

}  // namespace selfconnect::conformance
