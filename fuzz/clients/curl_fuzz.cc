// libcurl: gets a page over HTTP, until it is there.
// SPDX-License-Identifier: MIT
#include <curl/curl.h>

#include <string>

#include "fuzz/clients/dial_until.h"
#include "fuzz/vnet/fuzz_target.h"

using namespace selfconnect::vnet;

namespace {

std::size_t keep(const char* bytes, std::size_t size, std::size_t count, void* data) {
  static_cast<std::string*>(data)->append(bytes, size * count);
  return size * count;
}

bool ask(const Server& server) {
  CURL* const curl = curl_easy_init();
  const std::string url = std::string("http://") + server.host + ":" + server.port_text + "/";
  std::string body;
  long status = 0;
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
  curl_easy_setopt(curl, CURLOPT_TIMEOUT, 30L);  // it has none of its own, and looks up each second
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);  // else it wants alarm(2) for its time limits
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &body);
  const CURLcode code = curl_easy_perform(curl);
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  curl_easy_cleanup(curl);
  return code == CURLE_OK && status == 200 && body == "PONG";
}

Ending run(const Server& server) {
  static const CURLcode once = curl_global_init(CURL_GLOBAL_DEFAULT);
  static_cast<void>(once);
  return dial_until<ask>(server);
}

}  // namespace

VNET_FUZZ_TARGET({.run = run, .answer = R"(read:54 say:"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nPONG")"});
