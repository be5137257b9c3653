// A socket that is no TCP socket: clients make and close one to see whether a family is there (curl does). All else that they
// would do with it is refused.
// SPDX-License-Identifier: MIT
#pragma once

#include <poll.h>

#include "fuzz/vnet/file.h"

namespace selfconnect::vnet {

class Datagram final : public File {
 public:
  Datagram() : File(Kind::kDatagram) {}
  [[nodiscard]] short ready() const override { return POLLOUT | POLLWRNORM; }
  void release() override {}
};

}  // namespace selfconnect::vnet
