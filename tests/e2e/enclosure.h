// A place apart for a test of what a run leaves behind. Nothing can hide in it: orphans come to its process, namespaces
// are counted by a limit of its own, and no file can be written but in its directory.
//
//   the test
//    └ enclosure      user and mount namespace, child subreaper (prctl(2)), all mounts read-only
//       └ selfconnect
//          └ its worlds
//
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <set>
#include <string>

namespace selfconnect::testing {

enum class Identity {
  kRoot,      // uid 0 with all capabilities over the enclosure
  kOrdinary,  // some other uid; whoever it execs has no capability
};

// What `body` gets: an empty directory, $TMPDIR and $HOME of all that is started in it.
class Enclosure {
 public:
  // `patience`: how long what is left has to go away.
  explicit Enclosure(std::filesystem::path directory,
                     std::chrono::nanoseconds patience = std::chrono::seconds(20));

  [[nodiscard]] const std::filesystem::path& path() const { return directory_; }
  [[nodiscard]] std::string file(const std::string& name) const { return (directory_ / name).string(); }

  // Once no child of the body is to live any more.
  void expect_no_process_left() const;
  // Nor namespaces, mounts and files; `files` may be there, by their names in the directory. At the end of the body:
  // counting uses up the namespaces, and the kernel takes its time to give them back.
  void expect_nothing_left(const std::set<std::string>& files = {}) const;

 private:
  std::filesystem::path directory_;
  std::string mounts_;
  std::chrono::nanoseconds patience_;
};

// EXPECT and ASSERT work in `body`; its failures become one of the caller's. Needs capability "userns".
void in_enclosure(Identity identity, const std::function<void(const Enclosure&)>& body);

}  // namespace selfconnect::testing
