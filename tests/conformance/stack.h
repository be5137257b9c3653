// The calls of a C library on one side of the comparison: the kernel's, or those of the virtual host.
// SPDX-License-Identifier: MIT
#pragma once

#include "fuzz/vnet/calls.h"

namespace selfconnect::conformance {

class Stack {
 public:
  virtual ~Stack() = default;

#define VNET_CALL(result, name, parameters, arguments) virtual result name parameters = 0;
#include "fuzz/vnet/calls.def"
#undef VNET_CALL
  virtual int fcntl(int fd, int command, long argument) = 0;
  virtual int ioctl(int fd, unsigned long request, void* argument) = 0;
};

class KernelStack final : public Stack {
 public:
#define VNET_CALL(result, name, parameters, arguments) \
  result name parameters override { return ::name arguments; }
#include "fuzz/vnet/calls.def"
#undef VNET_CALL
  int fcntl(int fd, int command, long argument) override;
  int ioctl(int fd, unsigned long request, void* argument) override;
};

class VnetStack final : public Stack {
 public:
#define VNET_CALL(result, name, parameters, arguments) \
  result name parameters override { return vnet::calls::name arguments; }
#include "fuzz/vnet/calls.def"
#undef VNET_CALL
  int fcntl(int fd, int command, long argument) override { return vnet::calls::fcntl(fd, command, argument); }
  int ioctl(int fd, unsigned long request, void* argument) override {
    return vnet::calls::ioctl(fd, request, argument);
  }
};

}  // namespace selfconnect::conformance
