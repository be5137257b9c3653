// libmosquitto: publishes one message, until a broker has acknowledged it.
// SPDX-License-Identifier: MIT
#include <mosquitto.h>

#include "fuzz/clients/dial_until.h"
#include "fuzz/vnet/fuzz_target.h"

using namespace selfconnect::vnet;

namespace {

void publish(mosquitto* client, void* /*data*/, int refused) {
  if (refused == 0) mosquitto_publish(client, nullptr, "topic", 4, "PING", 1, false);
}

void take_acknowledgement(mosquitto* client, void* data, int /*message*/) {
  *static_cast<bool*>(data) = true;
  mosquitto_disconnect(client);
}

bool ask(const Server& server) {
  bool published = false;
  mosquitto* const client = mosquitto_new("vnet", true, &published);
  mosquitto_connect_callback_set(client, publish);
  mosquitto_publish_callback_set(client, take_acknowledgement);
  if (mosquitto_connect(client, server.host, server.port, 60) == MOSQ_ERR_SUCCESS) {
    while (mosquitto_loop(client, -1, 1) == MOSQ_ERR_SUCCESS) {
    }
  }
  mosquitto_destroy(client);
  return published;
}

Ending run(const Server& server) {
  static const int once = mosquitto_lib_init();
  static_cast<void>(once);
  return dial_until<ask>(server);
}

}  // namespace

// CONNECT, CONNACK; PUBLISH, PUBACK; DISCONNECT.
VNET_FUZZ_TARGET({.run = run,
                  .answer = R"(read:18 say:"\x20\x02\x00\x00" read:15 say:"\x40\x02\x00\x01" read:2)"});
