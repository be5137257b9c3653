// A harness in a chroot, as package builds and some CI runners use it.
// SPDX-License-Identifier: MIT
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "in_world.h"

namespace selfconnect {
namespace {

// A root of its own for this process, in a mount namespace of its own: the machine's programs, and one that is nowhere
// else.
bool enter_chroot(const std::filesystem::path& root) {
  if (unshare(CLONE_NEWNS) != 0 || mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
    return false;
  if (mount("tmpfs", root.c_str(), "tmpfs", 0, nullptr) != 0) return false;
  std::filesystem::create_directory(root / "inner");
  const auto inner = root / "inner";  // not a mount itself, like a directory that was unpacked
  for (const char* name : {"usr", "bin", "lib", "lib64", "proc", "dev"}) {
    const auto original = std::filesystem::path("/") / name;
    if (!std::filesystem::exists(original)) continue;
    std::filesystem::create_directory(inner / name);
    if (mount(original.c_str(), (inner / name).c_str(), nullptr, MS_BIND | MS_REC, nullptr) != 0)
      return false;
  }
  std::filesystem::copy_file(std::filesystem::canonical("/bin/true"), inner / "only-here");
  return chroot(inner.c_str()) == 0 && chdir("/") == 0;
}

class ChrootTest : public testing::InWorld {};

TEST_F(ChrootTest, IsTheTargetsRootToo) {
  SELFCONNECT_NEEDS("root", geteuid() == 0 ? "" : "only root may chroot");
  std::string name = (std::filesystem::temp_directory_path() / "selfconnect-XXXXXX").string();
  const std::filesystem::path directory = mkdtemp(name.data());
  const int code = testing::in_child([&] {
    if (!enter_chroot(directory)) return 2;
    auto world = World::create();
    if (!world) return 3;
    boost::asio::io_context context;
    auto process = Process::launch(context, *world, {.command = {"/only-here"}}, [] {});
    if (!process) return 4;
    if (!testing::run_until(context, [&] { return (*process)->ended().has_value(); })) return 5;
    return (*process)->ended()->code;
  });
  std::filesystem::remove_all(directory);
  EXPECT_EQ(code, 0) << "2: no chroot, 3: no world, 4: not launched, 5: did not end";
}

}  // namespace
}  // namespace selfconnect
