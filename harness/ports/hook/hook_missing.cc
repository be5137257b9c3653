// In place of the engine where the build has no BPF toolchain.
// SPDX-License-Identifier: MIT
#include "harness/ports/hook_engine.h"

namespace selfconnect {

Result<std::unique_ptr<HookEngine>> make_hook_engine(const World& /*world*/) {
  return std::unexpected(
      error("this selfconnect was built without the engine hook: install clang-19, bpftool and libbpf-dev "
            "and build it again"));
}

}  // namespace selfconnect
