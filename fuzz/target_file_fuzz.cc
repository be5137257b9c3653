// Target descriptors: any text gives a target that makes sense, or one line that says where it does not.
// SPDX-License-Identifier: MIT
#include <cstdint>
#include <string_view>

#include "harness/launch/target_file.h"
#include "harness/sys/pattern.h"
#include "require.h"

using selfconnect::fuzz::require;

namespace {

void check_target(const selfconnect::TargetFile& target) {
  for (const selfconnect::CommandLine* command : {&target.command, &target.server})
    require(command->empty() || !command->front().empty(), "a command names a program");
  require(target.success.empty() || selfconnect::Pattern::compile(target.success), "the pattern compiles");
  for (const std::string& secret : target.secrets) require(!secret.empty(), "no secret is empty");
  require(target.kind.empty() || target.kind == "one-shot" || target.kind == "reconnector",
          "the kind has a name");
  require(!target.timeout || target.timeout->count() > 0, "the time is some");
  require(target.port != 0, "the port is one");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto target =
      selfconnect::parse_target_file({reinterpret_cast<const char*>(data), size}, "folder/input.toml");
  if (target) {
    check_target(*target);
    return 0;
  }
  const std::string_view message = target.error().message;
  require(message.starts_with("folder/input.toml:"), "an error names the file");
  require(message.find_first_of("\r\n") == std::string_view::npos, "an error is one line");
  return 0;
}
