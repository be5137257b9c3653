// SPDX-License-Identifier: MIT
#include "harness/trace/trace_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <limits>
#include <random>

#include "packets.h"

namespace selfconnect {
namespace {

using testing::endpoint;
using ::testing::HasSubstr;

std::string all_bytes() {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  return bytes;
}

// Every member set to something that is not its default.
Trace full_trace() {
  const Endpoint self = endpoint("[::1]:50000");
  const SocketLine line = {.at = Instant(7),
                           .state = TcpState::kTimeWait,
                           .local = self,
                           .remote = self,
                           .inode = 12,
                           .receive_queue = 3,
                           .send_queue = 4};
  Trace trace;
  trace.phase = Phase::kSelfConnect;
  trace.destination = self;
  trace.timeout = std::chrono::seconds(10);
  trace.forced = true;
  trace.unforced_at = Instant(40);
  trace.stop_signal_at = Instant(50);
  trace.attempts = {.total = 9,
                    .refused = 1,
                    .self_connected = 2,
                    .accepted = 3,
                    .pending = 4,
                    .first_at = Instant(1),
                    .last_at = Instant(8)};
  trace.attempts.kept = {{.number = 1, .source = self, .destination = self, .at = Instant(1)},
                         {.number = std::numeric_limits<std::uint64_t>::max(),
                          .source = endpoint("1.2.3.4:5"),
                          .destination = endpoint("6.7.8.9:10"),
                          .at = Instant(-2),  // out of order on purpose
                          .outcome = Outcome::kSelfConnected,
                          .decided_at = Instant(3),
                          .ending = Ending::kReset,
                          .ended_at = Instant(4),
                          .ended_by = Side::kPeer,
                          .sent = 5,
                          .received = 6,
                          .sent_head = all_bytes(),
                          .received_head = "PING\r\n\xc3\xa4",
                          .first_sent_at = Instant(7),
                          .secrets = {{.secret = 1, .encoding = "base64", .stream_offset = 8}}}};
  trace.sockets = {line, line};
  trace.counters = {
      .active_opens = 1, .passive_opens = 2, .attempt_fails = 3, .in_segs = 4, .out_segs = 5, .out_rsts = 6};
  trace.samples = {{.at = Instant(2),
                    .attempts = 3,
                    .pid = 4,
                    .name = "\xff name",
                    .state = 'S',
                    .descriptors = 5,
                    .resident_bytes = 6,
                    .cpu = Instant(7)}};
  trace.bind_tries = {{.at = Instant(20),
                       .endpoint = self,
                       .reuse_address = false,
                       .error = EADDRINUSE,
                       .target_alive = true,
                       .blocker = line},
                      {.at = Instant(21), .endpoint = self}};
  trace.server = {{.at = Instant(30), .what = ServerEvent::What::kBindBlocked, .detail = "EADDRINUSE"}};
  trace.out = {.head = "out", .tail = "put", .total = 100};
  trace.err = {.head = all_bytes(), .total = 256};
  trace.ended = {.how = Ended::How::kSignal, .code = 11, .at = Instant(60), .stop_reason = "decided"};
  trace.left_behind = {"sleep", "\x80"};
  trace.attempts_from = AttemptsFrom::kCalls;
  trace.packets = 123;
  trace.packets_lost = 4;
  trace.packets_left_out = 5;
  return trace;
}

Trace scheduled_trace() {
  const Endpoint server = endpoint("127.0.0.1:50000");
  const Event garbage = {.kind = EventKind::kGarbage, .amount = 16, .steps = {}};
  const Event script = {
      .kind = EventKind::kScript,
      .amount = 0,
      .steps = {{.what = Step::What::kRead, .amount = 5, .bytes = ""},
                {.what = Step::What::kSay, .amount = 0, .bytes = std::string("-ERR \"x\\\r\n\0\xff", 13)},
                {.what = Step::What::kHalfClose, .amount = 0, .bytes = ""}}};
  Trace trace = {.phase = Phase::kSchedule, .timeout = std::chrono::seconds(10)};
  trace.schedule = {.entries = {{.event = {.kind = EventKind::kSelf, .amount = 0, .steps = {}}, .count = 2},
                                {.event = garbage, .count = 1},
                                {.event = script, .count = 1},
                                {.event = {}, .count = 1}}};
  trace.scheduled = {
      {.number = 1, .destination = server, .event = event_of(trace.schedule, 1), .source_port = 50000},
      {.number = 2,
       .destination = server,
       .event = event_of(trace.schedule, 2),
       .instead = "port 50000 is held",
       .held_by = 1,
       .at = Instant(9)},
      {.number = std::numeric_limits<std::uint64_t>::max(),
       .destination = endpoint("[::1]:5"),
       .event = garbage,
       .source_port = 65535,
       .at = Instant(10),
       .peer = PeerView{}},
      {.number = 4, .destination = server, .event = script, .at = Instant(11)},
      {.number = 5, .destination = server, .event = {}, .at = Instant(12)}};
  PeerView& peer = trace.scheduled.back().peer.emplace();
  peer = {.received = 20, .sent = 30};
  for (int what = 0; what <= static_cast<int>(PeerMove::What::kResetSent); ++what) {
    peer.moves.push_back({.what = static_cast<PeerMove::What>(what), .bytes = what < 2 ? 7U : 0U});
  }
  trace.held = {.at = Instant(13), .destination = server, .attempt = 5, .ended = {1, 4}, .descriptors = 9};
  trace.ended.stop_reason = "blocked";
  return trace;
}

Run full_run() {
  selfconnect::Run run;
  run.command = {"redis-cli", "-a", "***", "\xff\xfe", "gr\xc3\xbc\xc3\x9f"};
  run.seed = std::numeric_limits<std::uint64_t>::max();
  run.kind = Kind::kReconnector;
  run.success_pattern = "PONG|OK";
  run.secret_count = 1;
  run.has_host_placeholder = true;
  run.destinations = {endpoint("127.0.0.1:50000"), endpoint("[::1]:50000")};
  run.engine = "hook";
  run.isolation = "userns";
  run.kernel = "6.18.44";
  run.traces = {full_trace(), Trace{}};
  run.not_run = {{Phase::kRecover, "no self-connection to recover from"}};
  return run;
}

class TraceJsonTest : public ::testing::Test {
 protected:
  TraceJsonTest()
      : directory_(std::filesystem::path(::testing::TempDir()) /
                   (std::string(::testing::UnitTest::GetInstance()->current_test_info()->name()) +
                    std::to_string(getpid()))) {}
  ~TraceJsonTest() override { std::filesystem::remove_all(directory_); }

  void replace(const std::string& file, const std::string& text) const {
    std::ofstream(directory_ / file, std::ios::binary) << text;
  }
  [[nodiscard]] std::string read(const std::string& file) const {
    std::ifstream stream(directory_ / file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  [[nodiscard]] std::string load_error() const {
    const auto loaded = load(directory_);
    return loaded ? "loaded" : loaded.error().message;
  }

  std::filesystem::path directory_;
};

TEST_F(TraceJsonTest, LoadsWhatWasSaved) {
  const auto run = full_run();
  ASSERT_TRUE(save(run, directory_));
  const auto loaded = load(directory_);
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_TRUE(*loaded == run);
}

TEST_F(TraceJsonTest, LoadsAScheduleAndWhatTheAttemptsMet) {
  selfconnect::Run run;
  run.traces = {scheduled_trace(), scheduled_trace(), Trace{.phase = Phase::kSchedule}};
  run.traces[1].phase = Phase::kSingleEvent;
  ASSERT_TRUE(save(run, directory_));
  const auto loaded = load(directory_);
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_TRUE(*loaded == run);
  const std::string trace = read("01-schedule/trace.jsonl");
  EXPECT_THAT(trace, HasSubstr(R"("schedule":"self*2 garbage:16 script[read:5 say:\"-ERR )"));
  EXPECT_THAT(trace, HasSubstr(R"("meets":"garbage:16")"));
}

TEST_F(TraceJsonTest, SaysWhatIsWrongWithASchedule) {
  const std::string good = trace_to_jsonl(scheduled_trace());
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    text.replace(text.find(from), from.size(), to);
    const auto trace = trace_from_jsonl(text, "trace");
    return trace ? "loaded" : trace.error().message;
  };
  EXPECT_THAT(with("self*2 ", "slef*2 "), HasSubstr("trace:1: 'schedule': expected a schedule: at 1:"));
  EXPECT_EQ(with(R"("meets":"self")", R"("meets":"self refuse")"),
            "trace:3: 'meets': expected an event of a schedule");
  EXPECT_EQ(with(R"("meets":"self")", R"("meets":"self*2")"),
            "trace:3: 'meets': expected an event of a schedule");
  EXPECT_EQ(with(R"("ended":[1,4])", R"("ended":[1,-4])"), "trace:9: 'ended': expected an array of integers");
  EXPECT_EQ(with(R"("ended":[1,4])", R"("ended":1)"), "trace:9: 'ended': expected an array of integers");
  EXPECT_EQ(with(R"("what":"fin-sent")", R"("what":"fin")"), "trace:8: 'what': expected one of its names");
  EXPECT_EQ(with(R"("peer":{)", R"("peer":1,"x":{)"), "trace:6: 'peer': expected an object");
}

TEST_F(TraceJsonTest, LoadsDefaults) {
  ASSERT_TRUE(save(selfconnect::Run{}, directory_));
  EXPECT_TRUE(load(directory_).value() == selfconnect::Run{});
}

TEST_F(TraceJsonTest, WritesOneDirectoryAPhase) {
  ASSERT_TRUE(save(full_run(), directory_));
  EXPECT_TRUE(std::filesystem::exists(directory_ / "01-self-connect" / "trace.jsonl"));
  EXPECT_TRUE(std::filesystem::exists(directory_ / "02-refused" / "trace.jsonl"));
}

TEST_F(TraceJsonTest, WritesTextThatReadsWell) {
  ASSERT_TRUE(save(full_run(), directory_));
  EXPECT_THAT(read("run.json"), HasSubstr("\"selfconnect.run/1\""));
  const std::string trace = read("01-self-connect/trace.jsonl");
  EXPECT_THAT(trace, HasSubstr(R"("received_head":"PING\r\n\u00e4")"));
  EXPECT_THAT(trace, HasSubstr(R"("head":{"bytes":"\u0000\u0001)"));
  EXPECT_EQ(trace.substr(0, trace.find(',')), R"({"schema":"selfconnect.trace/1")");
}

TEST_F(TraceJsonTest, WritesEventsInOrderOfTime) {
  const std::string text = trace_to_jsonl(full_trace());
  EXPECT_LT(text.find("\"launch\""), text.find("\"sample\""));
  EXPECT_LT(text.find("\"sample\""), text.find("\"socket\""));
  EXPECT_LT(text.find("\"bind_try\""), text.find("\"server\""));
  EXPECT_LT(text.find("\"unforced\""), text.find("\"stop_signal\""));
  EXPECT_LT(text.find("\"stop_signal\""), text.find("\"ended\""));
}

TEST_F(TraceJsonTest, NamesFileAndLineOfWhatIsWrong) {
  ASSERT_TRUE(save(full_run(), directory_));
  const std::string file = "01-self-connect/trace.jsonl";
  const std::string good = read(file);
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    text.replace(text.find(from), from.size(), to);
    replace(file, text);
    return load_error();
  };
  const std::string path = (directory_ / file).string();
  EXPECT_EQ(with(R"("number":1,)", R"("number":-1,)"), path + ":3: 'number': expected an integer in range");
  EXPECT_EQ(with(R"("number":1,)", ""), path + ":3: 'number' is missing");
  EXPECT_THAT(with(R"("number":1,)", R"("number":,)"), HasSubstr(path + ":3: not JSON at byte "));
  EXPECT_EQ(with("trace/1", "trace/2"), path + ":1: 'schema': expected \"selfconnect.trace/1\"");
  EXPECT_THAT(with(R"("event":"launch")", R"("event":"lunch")"),
              HasSubstr("'event': expected a known event"));
  EXPECT_THAT(with(R"("outcome":"pending")", R"("outcome":"odd")"), HasSubstr("'outcome'"));
  EXPECT_THAT(with(R"("state":"TIME-WAIT")", R"("state":"")"), HasSubstr("'state'"));
  EXPECT_THAT(with(R"("source":"[::1]:50000")", R"("source":"::1")"),
              HasSubstr("'source': expected ADDRESS"));
  EXPECT_THAT(with(R"("bytes":"\u0000)", R"("bytes":"\u0100)"), HasSubstr("expected a string or"));
  replace(file, good.substr(0, good.rfind('{')));
  EXPECT_THAT(load_error(), HasSubstr("ends too early"));
}

TEST_F(TraceJsonTest, SaysWhatIsWrongInRunJson) {
  ASSERT_TRUE(save(full_run(), directory_));
  const std::string good = read("run.json");
  replace("run.json", good.substr(0, good.size() / 2));
  EXPECT_THAT(load_error(), ::testing::MatchesRegex(".*/run\\.json:[0-9]+: not JSON"));
  replace("run.json", "[]");
  EXPECT_THAT(load_error(), HasSubstr("run.json:1: expected an object"));
  replace("run.json", std::string(100'000, '['));
  EXPECT_THAT(load_error(), HasSubstr("run.json:1: "));
  replace("run.json", R"({"schema": )" + std::string(17, '[') + std::string(17, ']') + "}");
  EXPECT_THAT(load_error(), HasSubstr("run.json:1: nested too deeply"));
  std::string text = good;
  text.replace(text.find("\"self-connect\""), 14, "\"../elsewhere\"");
  replace("run.json", text);
  EXPECT_THAT(load_error(), HasSubstr("run.json: 'phases': expected names of phases"));
}

TEST_F(TraceJsonTest, SaysWhichFileIsMissing) {
  EXPECT_THAT(load_error(), HasSubstr("run.json"));
  EXPECT_EQ(load(directory_).error().code, ENOENT);
  ASSERT_TRUE(save(full_run(), directory_));
  std::filesystem::remove(directory_ / "02-refused" / "trace.jsonl");
  EXPECT_THAT(load_error(), HasSubstr("02-refused/trace.jsonl"));
}

TEST_F(TraceJsonTest, SaysThatNothingCanBeWritten) {
  std::filesystem::create_directories(directory_);
  replace("file", "");
  const auto saved = save(full_run(), directory_ / "file" / "below");
  ASSERT_FALSE(saved);
  EXPECT_EQ(saved.error().code, ENOTDIR);
}

TEST_F(TraceJsonTest, SurvivesDamage) {
  const std::string good = trace_to_jsonl(full_trace());
  const std::string scheduled = trace_to_jsonl(scheduled_trace());
  std::mt19937 random(7);  // the same damage every time
  int loaded = 0;
  for (int round = 0; round < 3000; ++round) {
    std::string text = round % 2 == 0 ? good : scheduled;
    for (int i = 0; i < 3; ++i) text[random() % text.size()] = static_cast<char>(random());
    const auto trace = trace_from_jsonl(text, "damaged");
    if (!trace) continue;
    ++loaded;
    EXPECT_TRUE(trace_from_jsonl(trace_to_jsonl(*trace), "again").value() == *trace);
  }
  EXPECT_LT(loaded, 3000);
}

}  // namespace
}  // namespace selfconnect
