// A process in a world: what it gets from the harness, what the harness gets from it.
// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/stat.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "harness/launch/inherited.h"
#include "harness/launch/process.h"
#include "in_world.h"

namespace selfconnect {
namespace {

using testing::ends;
using testing::has_children;
using testing::in_child;
using testing::pidfd_of;
using testing::run_shell;
using testing::run_to_end;
using testing::run_until;

// A directory of its own, gone afterwards; and the working directory is as it was.
class ProcessTest : public testing::InWorld {
 protected:
  ProcessTest() : before_(std::filesystem::current_path()) {
    std::string name = (std::filesystem::temp_directory_path() / "selfconnect-XXXXXX").string();
    directory_ = mkdtemp(name.data());
  }
  ~ProcessTest() override {
    std::error_code ec;
    std::filesystem::current_path(before_, ec);
    std::filesystem::remove_all(directory_, ec);
  }

  [[nodiscard]] const std::filesystem::path& directory() const { return directory_; }
  [[nodiscard]] std::string file(const std::string& name, const std::string& text, mode_t mode) const {
    const auto path = directory_ / name;
    std::ofstream(path) << text;
    chmod(path.c_str(), mode);
    return path.string();
  }
  [[nodiscard]] std::string why_not(const std::string& command) {
    boost::asio::io_context context;
    auto process = Process::launch(context, world(), {.command = {command}}, [] {});
    return process ? "" : process.error().message;
  }

 private:
  std::filesystem::path before_;
  std::filesystem::path directory_;
};

std::string own_status(const std::string& key) {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(key + ":")) return line + "\n";
  }
  return "";
}

std::uint64_t hexadecimal(const std::string& status_line) {
  return std::stoull(status_line.substr(status_line.find('\t') + 1), nullptr, 16);
}

TEST_F(ProcessTest, TellsTheExitCode) {
  const auto launched = run_shell(world(), "exit 7");
  EXPECT_FALSE(launched.ended.signalled);
  EXPECT_EQ(launched.ended.code, 7);
}

TEST_F(ProcessTest, TellsTheSignal) {
  const auto launched = run_shell(world(), "kill -SEGV $$");
  EXPECT_TRUE(launched.ended.signalled);
  EXPECT_EQ(launched.ended.code, SIGSEGV);
}

TEST_F(ProcessTest, TakesBothOutputs) {
  const auto launched = run_shell(world(), "echo one; echo two >&2");
  EXPECT_EQ(launched.out, "one\n");
  EXPECT_EQ(launched.err, "two\n");
}

TEST_F(ProcessTest, KeepsTheEndsOfAFlood) {
  boost::asio::io_context context;
  auto process = Process::launch(
      context, world(),
      {.command = {"sh", "-c", "echo first; head -c 3000000 /dev/zero | tr '\\0' x; echo last"}}, [] {});
  ASSERT_TRUE(process) << process.error().message;
  ASSERT_TRUE(run_until(context, [&] { return (*process)->ended().has_value(); }));
  (*process)->drain_output();
  const OutputBuffer& out = (*process)->out();
  EXPECT_EQ(out.total(), 3'000'011U);
  EXPECT_EQ(out.head().size(), OutputBuffer::kLimit);
  EXPECT_EQ(out.tail().size(), OutputBuffer::kLimit);
  EXPECT_TRUE(out.head().starts_with("first\nx"));
  EXPECT_TRUE(out.tail().ends_with("xlast\n"));
}

TEST_F(ProcessTest, OutlivesItsOwnOutput) {
  EXPECT_EQ(run_shell(world(), "exec >&- 2>&-; exit 3").ended.code, 3);
}

TEST_F(ProcessTest, ReadsNothingOrTheGivenFile) {
  EXPECT_EQ(run_to_end(world(), {.command = {"cat"}}).out, "");
  const std::string path = file("in", "given\n", 0644);
  EXPECT_EQ(run_to_end(world(), {.command = {"cat"}, .stdin_file = path}).out, "given\n");
  boost::asio::io_context context;
  const auto missing =
      Process::launch(context, world(), {.command = {"cat"}, .stdin_file = directory() / "none"}, [] {});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ENOENT);
}

TEST_F(ProcessTest, HasTheLimitOfDescriptorsThatWasInherited) {
  rlimit limit{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  limit.rlim_cur = 100;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
  raise_open_files();
  rlimit raised{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &raised), 0);
  EXPECT_EQ(raised.rlim_cur, std::min(limit.rlim_max, kMostOpenFiles));
  EXPECT_EQ(run_to_end(world(), {.command = {"sh", "-c", "ulimit -Sn"}}).out, "100\n");
  const LaunchSpec own{.command = {"sh", "-c", "ulimit -n"}, .limits = {{RLIMIT_NOFILE, 50}}};
  EXPECT_EQ(run_to_end(world(), own).out, "50\n");
}

TEST_F(ProcessTest, KeepsEnvironmentAndDirectory) {
  setenv("SELFCONNECT_LAUNCH_TEST", "kept as it is", 1);
  std::filesystem::current_path(directory());
  const auto launched = run_shell(world(), "echo \"$SELFCONNECT_LAUNCH_TEST\"; pwd -P");
  unsetenv("SELFCONNECT_LAUNCH_TEST");
  EXPECT_EQ(launched.out, "kept as it is\n" + std::filesystem::canonical(directory()).string() + "\n");
}

TEST_F(ProcessTest, SaysThatThereIsNoDirectory) {
  const auto gone = directory() / "gone";
  std::filesystem::create_directory(gone);
  std::filesystem::current_path(gone);
  std::filesystem::remove(gone);
  EXPECT_EQ(why_not("true"), "find the working directory: No such file or directory");
}

TEST_F(ProcessTest, KeepsUserAndGroups) {
  EXPECT_EQ(run_shell(world(), "id -u; id -g").out, fmt::format("{}\n{}\n", geteuid(), getegid()));
  EXPECT_EQ(run_to_end(world(), {.command = {"grep", "^Groups:", "/proc/self/status"}}).out,
            own_status("Groups"));
}

TEST_F(ProcessTest, GainsNoCapability) {
  for (const char* key : {"CapInh", "CapPrm", "CapEff", "CapAmb"}) {
    const auto line =
        run_to_end(world(), {.command = {"grep", fmt::format("^{}:", key), "/proc/self/status"}}).out;
    ASSERT_FALSE(line.empty()) << key;
    EXPECT_EQ(hexadecimal(line) & ~hexadecimal(own_status(key)), 0U) << line;
  }
}

TEST_F(ProcessTest, IsHeldToItsLimits) {
  const auto launched = run_to_end(
      world(), {.command = {"sh", "-c", "ulimit -Sn; ulimit -Hn"}, .limits = {{RLIMIT_NOFILE, 77}}});
  EXPECT_EQ(launched.out, "77\n77\n");
}

TEST_F(ProcessTest, LeadsASessionOfItsOwn) {
  boost::asio::io_context context;
  auto process = Process::launch(context, world(), {.command = {"sleep", "1000"}}, [] {});
  ASSERT_TRUE(process) << process.error().message;
  EXPECT_EQ(getsid((*process)->pid()), (*process)->pid());
  EXPECT_EQ(getpgid((*process)->pid()), (*process)->pid());
}

TEST_F(ProcessTest, IgnoresAndBlocksNoSignal) {
  sigset_t blocked;
  sigset_t before;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGUSR1);
  sigprocmask(SIG_BLOCK, &blocked, &before);
  const auto old = signal(SIGPIPE, SIG_IGN);
  const auto launched =
      run_to_end(world(), {.command = {"grep", "-E", "^Sig(Ign|Blk):", "/proc/self/status"}});
  signal(SIGPIPE, old);
  sigprocmask(SIG_SETMASK, &before, nullptr);
  EXPECT_EQ(launched.out, "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}

TEST_F(ProcessTest, IsNotTheFirstOfItsPidNamespace) {
  const auto launched =
      run_shell(world(), "cat /proc/1/comm; test $$ -ne 1 && test -d /proc/$$ && echo inside");
  EXPECT_EQ(launched.out, "selfconnect-1\ninside\n");
}

// As root the harness's own children are, for a moment, born in the world.
TEST_F(ProcessTest, LeavesTheHarnessWhereItIs) {
  const auto children = [] { return std::filesystem::read_symlink("/proc/self/ns/pid_for_children"); };
  const auto before = children();
  EXPECT_EQ(run_shell(world(), "exit 0").ended.code, 0);
  EXPECT_EQ(children(), before);
  EXPECT_NE(why_not(file("not_a_program", "neither a script", 0755)), "");
  EXPECT_EQ(children(), before);
}

// There the PID namespace of the harness is one that it has no capability over.
TEST_F(ProcessTest, WorksInAUserNamespaceOfTheHarness) {
  end_world();
  const std::string ids = fmt::format("0 {} 1", geteuid());
  const std::string group_ids = fmt::format("0 {} 1", getegid());
  const int code = in_child([&] {
    if (unshare(CLONE_NEWUSER) != 0) return 42;
    std::ofstream("/proc/self/uid_map") << ids;
    std::ofstream("/proc/self/setgroups") << "deny";
    std::ofstream("/proc/self/gid_map") << group_ids;
    auto inner = World::create();
    if (!inner) return 43;
    return run_shell(*inner, "exit 7").ended.code;
  });
  EXPECT_EQ(code, 7);
}

TEST_F(ProcessTest, SaysWhyItCannotBeStarted) {
  EXPECT_EQ(why_not("no-such-command-anywhere"), "no-such-command-anywhere: command not found");
  EXPECT_EQ(why_not(""), ": command not found");
  EXPECT_EQ(why_not(directory().string()), directory().string() + ": is a directory");
  const std::string data = file("data", "x", 0644);
  EXPECT_EQ(why_not(data), data + ": not executable");
  const std::string script = file("script", "#!/no/such/interpreter\n", 0755);
  EXPECT_EQ(why_not(script), "start " + script + ": No such file or directory");
  EXPECT_FALSE(has_children() && waitpid(-1, nullptr, WNOHANG) > 0) << "a zombie";
}

TEST_F(ProcessTest, DiesWithItsOwner) {
  boost::asio::io_context context;
  int changes = 0;
  auto process = Process::launch(
      context, world(), {.command = {"sh", "-c", "trap '' TERM; echo up; sleep 1000"}}, [&] { ++changes; });
  ASSERT_TRUE(process) << process.error().message;
  ASSERT_TRUE(run_until(context, [&] { return (*process)->out().total() > 0; }));
  const UniqueFd pidfd = pidfd_of((*process)->pid());
  process->reset();
  EXPECT_TRUE(ends(pidfd));
  context.restart();
  context.run();
  EXPECT_EQ(changes, 0);
}

// Its end may be known to the kernel, or have been told.
TEST_F(ProcessTest, MayBeGivenUpAtAnyMomentOfItsEnd) {
  for (int handlers = 0; handlers < 4; ++handlers) {
    boost::asio::io_context context;
    bool given_up = false;
    auto process = Process::launch(context, world(), {.command = {"true"}}, [&] { EXPECT_FALSE(given_up); });
    ASSERT_TRUE(process) << process.error().message;
    EXPECT_TRUE(ends(pidfd_of((*process)->pid())));
    for (int i = 0; i < handlers; ++i) context.poll_one();
    given_up = true;
    process->reset();
    context.restart();
    context.run();
  }
  end_world();
  EXPECT_FALSE(has_children());
}

// Asio hands wake-ups that were queued for a closed descriptor to the next one; they must not be taken for its end.
TEST_F(ProcessTest, IsNotTakenForOneThatEndedBefore) {
  boost::asio::io_context context;
  for (int handlers = 1; handlers < 4; ++handlers) {
    auto first =
        Process::launch(context, world(), {.command = {"sh", "-c", "echo out; echo err >&2"}}, [] {});
    ASSERT_TRUE(first) << first.error().message;
    EXPECT_TRUE(ends(pidfd_of((*first)->pid())));
    context.restart();
    for (int i = 0; i < handlers; ++i) context.poll_one();
    first->reset();
    auto second = Process::launch(context, world(), {.command = {"sleep", "1000"}}, [] {});
    ASSERT_TRUE(second) << second.error().message;
    context.restart();
    context.poll();  // returns
    EXPECT_FALSE((*second)->ended());
    (*second)->signal(SIGKILL);
    ASSERT_TRUE(run_until(context, [&] { return (*second)->ended().has_value(); }));
    EXPECT_EQ((*second)->ended()->code, SIGKILL);
  }
}

TEST_F(ProcessTest, IsKnownToEndBeforeItIsTold) {
  boost::asio::io_context context;
  auto process = Process::launch(context, world(), {.command = {"cat", "/dev/zero"}}, [] {});
  ASSERT_TRUE(process) << process.error().message;
  EXPECT_FALSE((*process)->about_to_end());
  const UniqueFd pidfd = pidfd_of((*process)->pid());
  (*process)->signal(SIGKILL);
  ASSERT_TRUE(ends(pidfd));
  EXPECT_TRUE((*process)->about_to_end());
  ASSERT_TRUE(run_until(context, [&] { return (*process)->ended().has_value(); }));
  EXPECT_FALSE((*process)->about_to_end());
}

TEST_F(ProcessTest, IsKilledThoughItHasStoppedItself) {
  boost::asio::io_context context;
  auto process =
      Process::launch(context, world(), {.command = {"sh", "-c", "echo up; kill -STOP $$"}}, [] {});
  ASSERT_TRUE(process) << process.error().message;
  ASSERT_TRUE(run_until(context, [&] { return (*process)->out().total() > 0; }));
  (*process)->signal(SIGTERM);
  (*process)->signal(SIGKILL);
  ASSERT_TRUE(run_until(context, [&] { return (*process)->ended().has_value(); }));
  EXPECT_TRUE((*process)->ended()->signalled);
}

TEST_F(ProcessTest, TakesNoHarmOfSignals) {
  boost::asio::io_context context;
  const testing::Interruptions interruptions;
  for (int i = 0; i < 20; ++i) {
    auto process = Process::launch(context, world(), {.command = {"sleep", "1000"}}, [] {});
    ASSERT_TRUE(process) << process.error().message;
  }
  end_world();
  EXPECT_FALSE(has_children());
}

TEST_F(ProcessTest, WorksThoughTheHarnessWasStartedWithoutDescriptors) {
  const int code = in_child([] {
    for (int fd = 0; fd < 3; ++fd) close(fd);
    mend_inherited();
    auto world = World::create();
    if (!world) return 2;
    const auto launched = run_shell(*world, "cat; echo out; echo err >&2; exit 7");
    return launched.out == "out\n" && launched.err == "err\n" && launched.ended.code == 7 ? 0 : 3;
  });
  EXPECT_EQ(code, 0);
}

TEST_F(ProcessTest, WorksThoughTheHarnessWasStartedWithoutChildSignals) {
  const int code = in_child([] {
    signal(SIGCHLD, SIG_IGN);
    mend_inherited();
    auto world = World::create();
    return world && run_shell(*world, "exit 7").ended.code == 7 ? 0 : 3;
  });
  EXPECT_EQ(code, 0);
}

}  // namespace
}  // namespace selfconnect
