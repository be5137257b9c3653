// The machine-readable reports of a run: which there are, and the files they go to. The files are opened
// before the run, so that nothing of it is lost to a wrong path.
// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/judge/verdict.h"
#include "harness/sys/error.h"
#include "harness/sys/unique_fd.h"
#include "harness/trace/trace.h"

namespace selfconnect {

// A format of report. main.cc lists them, and each is an option of that name: --json FILE.
struct Reporter {
  std::string_view name;  // "json"
  std::string_view help;
  std::string (*render)(const Run& run, const Judgement& judgement, FailOn fail_on);
};

struct ReportRequest {
  const Reporter* reporter = nullptr;
  std::string path;  // "-": standard output

  bool operator==(const ReportRequest&) const = default;
};

// Whether write_file() will be able to make or write it. Changes nothing.
[[nodiscard]] Result<void> check_writable(const std::string& path);

// Makes or empties the file ("-": standard output) and writes `text`. The error names the file.
[[nodiscard]] Result<void> write_file(const std::string& path, std::string_view text);

class ReportFiles {
 public:
  // Makes or empties every file. The error names the file.
  static Result<ReportFiles> open(std::span<const ReportRequest> requests);

  // Writes them all; the error is the first file's that could not be written, and the others are written.
  [[nodiscard]] Result<void> write(const Run& run, const Judgement& judgement, FailOn fail_on) const;

 private:
  struct File {
    ReportRequest request;
    UniqueFd fd;  // none: standard output
  };
  std::vector<File> files_;
};

}  // namespace selfconnect
