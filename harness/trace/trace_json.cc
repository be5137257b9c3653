// SPDX-License-Identifier: MIT
#include "harness/trace/trace_json.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "harness/sys/unique_fd.h"
#include "harness/trace/json_fields.h"

namespace selfconnect {

namespace {

constexpr std::string_view kSchema = "selfconnect.run/1";
constexpr std::string_view kRunFile = "run.json";
constexpr std::string_view kTraceFile = "trace.jsonl";
constexpr std::size_t kMaxTraces = 1000;
// Every attempt kept with both heads full of bytes that take six characters each comes to 150 MiB.
constexpr std::size_t kMaxFile = 256U << 20U;

Result<void> write_file(const std::filesystem::path& path, std::string_view text) {
  UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  if (!file) return std::unexpected(errno_error(fmt::format("open({})", path.string())));
  while (!text.empty()) {
    const ssize_t written = ::write(file.get(), text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return std::unexpected(errno_error(fmt::format("write({})", path.string())));
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::close(file.release()) != 0) {
    return std::unexpected(errno_error(fmt::format("close({})", path.string())));
  }
  return {};
}

Result<std::string> read_file(const std::filesystem::path& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file) return std::unexpected(errno_error(fmt::format("open({})", path.string())));
  std::string text;
  std::string chunk(1U << 16U, '\0');
  for (;;) {
    const ssize_t size = ::read(file.get(), chunk.data(), chunk.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return std::unexpected(errno_error(fmt::format("read({})", path.string())));
    if (size == 0) return text;
    text.append(chunk, 0, static_cast<std::size_t>(size));
    if (text.size() > kMaxFile) {
      return std::unexpected(error(fmt::format("read({}): longer than {} bytes", path.string(), kMaxFile)));
    }
  }
}

Result<void> make_directory(const std::filesystem::path& path) {
  std::error_code code;
  std::filesystem::create_directories(path, code);
  if (code) return std::unexpected(errno_error(fmt::format("mkdir({})", path.string()), code.value()));
  return {};
}

void read_destinations(Fields& fields, std::vector<Endpoint>& destinations) {
  std::vector<std::string> texts;
  fields.read("destinations", texts);
  for (const std::string& text : texts) {
    const auto endpoint = Endpoint::parse(text);
    if (!endpoint) return fields.fail("destinations", "ADDRESS:PORT");
    destinations.push_back(*endpoint);
  }
}

void read_phases(Fields& fields, std::vector<Phase>& phases) {
  std::vector<std::string> names;
  fields.read("phases", names);
  if (names.size() > kMaxTraces) return fields.fail("phases", fmt::format("at most {} of them", kMaxTraces));
  for (const std::string& name : names) {
    const auto phase = phase_from_name(name);
    if (!phase) return fields.fail("phases", "names of phases");
    phases.push_back(*phase);
  }
}

// Everything but the traces, and which of them there are.
void read_run(Fields& fields, Run& run, std::vector<Phase>& phases) {
  std::string schema;
  fields.read("schema", schema);
  if (schema != kSchema) return fields.fail("schema", fmt::format("\"{}\"", kSchema));
  run.engine.clear();
  run.isolation.clear();
  fields.read("command", run.command);
  fields.read("seed", run.seed);
  fields.read("kind", run.kind, kind_name, Kind::kReconnector);
  fields.read("success_pattern", run.success_pattern);
  fields.read("secret_count", run.secret_count);
  fields.read("has_host_placeholder", run.has_host_placeholder);
  read_destinations(fields, run.destinations);
  fields.read("engine", run.engine);
  fields.read("engine_reason", run.engine_reason, Need::kOptional);
  fields.read("isolation", run.isolation);
  fields.read("kernel", run.kernel);
  read_phases(fields, phases);
  fields.each("not_run", [&](Fields& entry) {
    auto& [phase, reason] = run.not_run.emplace_back();
    entry.read("phase", phase, phase_name, Phase::kSingleEvent);
    entry.read("reason", reason);
  });
}

std::filesystem::path trace_path(const std::filesystem::path& directory, std::size_t index, Phase phase) {
  return directory / phase_directory_name(index, phase) / kTraceFile;
}

}  // namespace

std::string phase_directory_name(std::size_t index, Phase phase) {
  return fmt::format("{:02}-{}", index + 1, phase_name(phase));
}

std::string run_to_json(const Run& run) {
  Json json = {{"schema", kSchema}, {"command", texts_to_json(run.command)}, {"seed", run.seed}};
  json["kind"] = kind_name(run.kind);
  json["success_pattern"] = text_to_json(run.success_pattern);
  json["secret_count"] = run.secret_count;
  json["has_host_placeholder"] = run.has_host_placeholder;
  json["destinations"] = Json::array();
  for (const Endpoint& destination : run.destinations) json["destinations"].push_back(destination.text());
  json["engine"] = text_to_json(run.engine);
  json["engine_reason"] = text_to_json(run.engine_reason);
  json["isolation"] = text_to_json(run.isolation);
  json["kernel"] = text_to_json(run.kernel);
  json["phases"] = Json::array();
  for (const Trace& trace : run.traces) json["phases"].push_back(phase_name(trace.phase));
  json["not_run"] = Json::array();
  for (const auto& [phase, reason] : run.not_run) {
    json["not_run"].push_back({{"phase", phase_name(phase)}, {"reason", text_to_json(reason)}});
  }
  constexpr int kIndent = 2;
  constexpr bool kAsciiOnly = true;
  return json.dump(kIndent, ' ', kAsciiOnly) + '\n';
}

Result<std::pair<Run, std::vector<Phase>>> run_from_json(std::string_view text, std::string_view name) {
  const auto json = parse_object(text);
  if (!json) {
    const auto before = text.substr(0, json.error().byte);
    const auto line = std::ranges::count(before, '\n') + 1;
    return std::unexpected(error(fmt::format("{}:{}: {}", name, line, json.error().what)));
  }
  std::pair<Run, std::vector<Phase>> result;
  Fields fields(*json);
  read_run(fields, result.first, result.second);
  if (fields.problem()) return std::unexpected(error(fmt::format("{}: {}", name, *fields.problem())));
  return result;
}

Result<void> save(const Run& run, const std::filesystem::path& directory) {
  if (auto made = make_directory(directory); !made) return made;
  for (std::size_t i = 0; i < run.traces.size(); ++i) {
    const auto path = trace_path(directory, i, run.traces[i].phase);
    if (auto made = make_directory(path.parent_path()); !made) return made;
    if (auto written = write_file(path, trace_to_jsonl(run.traces[i])); !written) return written;
  }
  return write_file(directory / kRunFile, run_to_json(run));
}

Result<Run> load(const std::filesystem::path& directory) {
  const auto run_path = directory / kRunFile;
  const auto run_text = read_file(run_path);
  if (!run_text) return std::unexpected(run_text.error());
  auto read = run_from_json(*run_text, run_path.string());
  if (!read) return std::unexpected(read.error());
  auto& [run, phases] = *read;
  for (std::size_t i = 0; i < phases.size(); ++i) {
    const auto path = trace_path(directory, i, phases[i]);
    const auto text = read_file(path);
    if (!text) return std::unexpected(text.error());
    auto trace = trace_from_jsonl(*text, path.string());
    if (!trace) return std::unexpected(trace.error());
    run.traces.push_back(*std::move(trace));
  }
  return std::move(run);
}

}  // namespace selfconnect
