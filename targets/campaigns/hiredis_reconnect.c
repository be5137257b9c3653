/* A reconnect loop on hiredis, as its README has the calls: dials until a PING is answered, prints the answer, exits 0.
   For campaigns (docs/findings.md). Build: cc -o hiredis_reconnect hiredis_reconnect.c -lhiredis
   SPDX-License-Identifier: MIT */
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char** argv) {
  const struct timeval limit = {0, 500000};
  if (argc != 3) return 64;
  for (;; usleep(5000)) {
    redisContext* context = redisConnectWithTimeout(argv[1], atoi(argv[2]), limit);
    if (context != NULL && !context->err) {
      redisReply* reply = redisSetTimeout(context, limit) == REDIS_OK ? redisCommand(context, "PING") : NULL;
      if (reply != NULL) {
        printf("reply of type %d: %s\n", reply->type, reply->str != NULL ? reply->str : "");
        return 0;
      }
    }
    if (context != NULL) redisFree(context);
  }
}
