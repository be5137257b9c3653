// A secret that was given is in nothing that is written: not in the reports, not in --out, neither plain nor in base64.
// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "checked.h"
#include "machine.h"

namespace selfconnect::testing {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

constexpr std::string_view kSecret = "Kx7-correct-horse-9Qz";

std::string base64(std::string_view bytes) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  unsigned held = 0;
  int bits = 0;
  for (const char byte : bytes) {
    held = (held << 8) | static_cast<unsigned char>(byte);
    for (bits += 8; bits >= 6; bits -= 6) text += kAlphabet[(held >> (bits - 6)) & 63];
  }
  return text;  // whole characters only
}

// The secret, and what is certain of its base64 form at each of the three alignments.
std::vector<std::string> forms(std::string_view secret) {
  std::vector<std::string> all = {std::string(secret)};
  for (const std::size_t before : {0U, 1U, 2U}) {
    const std::string text = base64(std::string(before, 'x') + std::string(secret));
    all.push_back(text.substr(before == 0 ? 0 : before + 1));
  }
  return all;
}

void expect_no_secret(const std::string& text, const std::string& where) {
  for (const std::string& form : forms(kSecret))
    EXPECT_EQ(text.find(form), std::string::npos) << "'" << form << "' is in " << where;
}

// Runs a check that writes all it can, and looks at it.
Checked expect_secret_kept(const Arguments& arguments) {
  const TempDir directory;
  Arguments all = {"--secret", std::string(kSecret),       "--out", directory.file("out"),
                   "--junit",  directory.file("junit.xml")};
  all.insert(all.end(), arguments.begin(), arguments.end());
  Checked checked = check(all);
  int files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory.path())) {
    if (!entry.is_regular_file()) continue;
    ++files;
    expect_no_secret(read_file(entry.path()), entry.path().string());
  }
  EXPECT_GT(files, 0);
  expect_no_secret(checked.called.out, "the JSON report");
  expect_no_secret(checked.called.err, "the console report");
  return checked;
}

TEST(SecretTest, FormsAreWhatBase64Makes) {
  EXPECT_EQ(base64("hunter2"), "aHVudGVyM");
  EXPECT_THAT(base64("user:" + std::string(kSecret)), HasSubstr(forms(kSecret).at(3)));
  EXPECT_THAT(base64("x" + std::string(kSecret)), HasSubstr(forms(kSecret).at(2)));
}

TEST(SecretTest, OfRedisCliIsKept) {
  for (const char* program : {"redis-cli", "redis-server", "base64"})
    SELFCONNECT_NEEDS(program, why_no_command(program));
  SELFCONNECT_NEEDS("netns", why_no_world());
  const std::string secret(kSecret);
  const std::string script = "echo " + secret + "; printf x" + secret + " | base64 -w0; echo error " +
                             secret + " >&2; exec redis-cli -p 50000 -a " + secret + " GET x";
  const Checked checked = expect_secret_kept(
      {"--server", "redis-server --port {port} --save '' --requirepass " + secret, "--", "sh", "-c", script});
  EXPECT_THAT(checked.found("error"), Contains("secret-echoed")) << checked;
}

TEST(SecretTest, OfCurlInBase64IsKept) {
  SELFCONNECT_NEEDS("curl", why_no_command("curl"));
  SELFCONNECT_NEEDS("netns", why_no_world());
  const Checked checked = expect_secret_kept({"--timeout", "3s", "--", "curl", "-sv", "-u",
                                              "user:" + std::string(kSecret), "http://{host}:{port}/"});
  EXPECT_THAT(checked.found("error"), Contains("secret-echoed")) << checked;
}

TEST(SecretTest, IsKeptWhenNothingCanBeJudged) {
  SELFCONNECT_NEEDS("netns", why_no_world());
  const std::string secret(kSecret);
  const Checked silent = expect_secret_kept({"--", "sh", "-c", "echo " + secret + " >&2; exit 1"});
  EXPECT_EQ(silent.called.status, 2);
  const Checked dead = expect_secret_kept({"--server", "sh -c 'echo " + secret + " >&2; exit 1'", "--",
                                           target_path("talks_to_itself"), "{host}", "{port}"});
  EXPECT_EQ(dead.called.status, 2);
  EXPECT_THAT(dead.called.err, HasSubstr("the server command ended"));
}

}  // namespace
}  // namespace selfconnect::testing
