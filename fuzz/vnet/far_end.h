// What answers a client from outside its host: one behaviour per connection, and the connection it behaves on.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "harness/schedule/event.h"

namespace selfconnect::vnet {

class FarConnection;

// Called when the client's call is over, or waits: a far end is never faster than connect().
class FarEnd {
 public:
  virtual ~FarEnd() = default;
  virtual void begin(FarConnection& /*connection*/) {}
  virtual void received(FarConnection& /*connection*/, std::string_view /*bytes*/) {}
  virtual void ended(FarConnection& connection);  // the client's FIN; by itself, closes
};

class TcpSocket;

// The far end's side of a connection: all of it is over once it is closed, by whomever.
class FarConnection {
 public:
  FarConnection(std::shared_ptr<TcpSocket> socket, std::unique_ptr<FarEnd> far_end)
      : socket_(std::move(socket)), far_end_(std::move(far_end)) {}

  void send(std::string_view bytes);  // nothing, where it has sent its FIN or is closed
  void half_close();
  void close();
  void reset();
  [[nodiscard]] bool is_open() const { return socket_ != nullptr; }
  // FIN after so many bytes, whatever is said after that.
  void close_after(std::uint64_t bytes) { most_sent_ = bytes; }

  [[nodiscard]] std::uint64_t received() const { return received_; }
  [[nodiscard]] std::uint64_t sent() const { return sent_; }

  // Takes in what has arrived since the last time. False: nothing had.
  bool go_on();

 private:
  std::shared_ptr<TcpSocket> socket_;
  std::unique_ptr<FarEnd> far_end_;
  std::uint64_t received_ = 0, sent_ = 0;
  std::uint64_t most_sent_ = UINT64_MAX;
  bool begun_ = false, ended_ = false, fin_sent_ = false;
};

// The far end of an event that is accepted (is_accepted), exactly as harness/peer has it. `answer`: the steps of the server that
// `serve` and `truncate` stand for, taken over and over; none: silence. Both have to stay.
[[nodiscard]] std::unique_ptr<FarEnd> far_end_of(const Event& event, const std::vector<Step>& answer);

}  // namespace selfconnect::vnet
