// rabbitmq-c: logs in, opens a channel and publishes, until a broker has let it.
// SPDX-License-Identifier: MIT
#include <amqp.h>
#include <amqp_tcp_socket.h>

#include "fuzz/clients/dial_until.h"
#include "fuzz/vnet/fuzz_target.h"

using namespace selfconnect::vnet;

namespace {

bool normal(const amqp_rpc_reply_t& reply) { return reply.reply_type == AMQP_RESPONSE_NORMAL; }

bool publish(amqp_connection_state_t connection) {
  if (!normal(amqp_login(connection, "/", 0, 131072, 0, AMQP_SASL_METHOD_PLAIN, "guest", "hunter2")))
    return false;
  amqp_channel_open(connection, 1);
  if (!normal(amqp_get_rpc_reply(connection))) return false;
  if (amqp_basic_publish(connection, 1, amqp_empty_bytes, amqp_cstring_bytes("queue"), 0, 0, nullptr,
                         amqp_cstring_bytes("PING")) != AMQP_STATUS_OK)
    return false;
  return normal(amqp_channel_close(connection, 1, AMQP_REPLY_SUCCESS)) &&
         normal(amqp_connection_close(connection, AMQP_REPLY_SUCCESS));
}

bool ask(const Server& server) {
  amqp_connection_state_t const connection = amqp_new_connection();
  amqp_socket_t* const socket = amqp_tcp_socket_new(connection);
  const bool published = socket != nullptr &&
                         amqp_socket_open(socket, server.host, server.port) == AMQP_STATUS_OK &&
                         publish(connection);
  amqp_destroy_connection(connection);
  return published;
}

}  // namespace

// The greeting, Start; StartOk, Tune; TuneOk and Open, OpenOk; Channel.Open, OpenOk; the message and Channel.Close, CloseOk; Close,
// CloseOk.
VNET_FUZZ_TARGET(
    {.run = dial_until<ask>,
     .answer =
         R"(read:8 say:"\x01\x00\x00\x00\x00\x00\x1c\x00\x0a\x00\x0a\x00\x09\x00\x00\x00\x00\x00\x00\x00\x05PLAIN\x00\x00\x00\x05en_US\xce"
read:330 say:"\x01\x00\x00\x00\x00\x00\x0c\x00\x0a\x00\x1e\x00\x00\x00\x02\x00\x00\x00\x00\xce"
read:36 say:"\x01\x00\x00\x00\x00\x00\x05\x00\x0a\x00\x29\x00\xce"
read:13 say:"\x01\x00\x01\x00\x00\x00\x08\x00\x14\x00\x0b\x00\x00\x00\x00\xce"
read:78 say:"\x01\x00\x01\x00\x00\x00\x04\x00\x14\x00\x29\xce"
read:22 say:"\x01\x00\x00\x00\x00\x00\x04\x00\x0a\x00\x33\xce")",
     .secrets = {"hunter2"}});
