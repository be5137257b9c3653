// libpq: dials until `SELECT 1` is answered. Gives its password where it is asked for it.
// SPDX-License-Identifier: MIT
#include <libpq-fe.h>

#include <array>
#include <string_view>

#include "fuzz/clients/dial_until.h"
#include "fuzz/vnet/fuzz_target.h"

using namespace selfconnect::vnet;

namespace {

// All that libpq would look for in the environment and in files is told.
bool ask(const Server& server) {
  static constexpr std::array<const char*, 13> kKeys = {"host",
                                                        "port",
                                                        "user",
                                                        "dbname",
                                                        "password",
                                                        "sslmode",
                                                        "gssencmode",
                                                        "options",
                                                        "client_encoding",
                                                        "service",
                                                        "application_name",
                                                        "passfile",
                                                        nullptr};
  const std::array<const char*, 13> values = {server.host, server.port_text, "user", "data", "hunter2",
                                              "disable",   "disable",        "",     "UTF8", nullptr,
                                              "vnet",      "/dev/null",      nullptr};
  PGconn* const connection = PQconnectdbParams(kKeys.data(), values.data(), 0);
  bool answered = false;
  if (PQstatus(connection) == CONNECTION_OK) {
    PGresult* const result = PQexec(connection, "SELECT 1");
    answered = PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) == 1 &&
               PQnfields(result) == 1 && std::string_view(PQgetvalue(result, 0, 0)) == "1";
    PQclear(result);
  }
  PQfinish(connection);
  return answered;
}

}  // namespace

// The start, its question for the password; the password, welcome and readiness; the query, one row.
VNET_FUZZ_TARGET({.run = dial_until<ask>,
                  .answer = R"(read:76 say:"R\x00\x00\x00\x08\x00\x00\x00\x03"
read:13 say:"R\x00\x00\x00\x08\x00\x00\x00\x00Z\x00\x00\x00\x05I"
read:14 say:"T\x00\x00\x00\x1a\x00\x01a\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x17\x00\x04\xff\xff\xff\xff\x00\x00" say:"D\x00\x00\x00\x0b\x00\x01\x00\x00\x00\x011C\x00\x00\x00\x0dSELECT 1\x00Z\x00\x00\x00\x05I"
read:5)",
                  .secrets = {"hunter2"}});
