"""A retry loop on http.client: asks until it is answered with 200, prints the answer, exits 0.

For campaigns (docs/findings.md).
SPDX-License-Identifier: MIT
"""
import http.client
import sys
import time

while True:
    connection = http.client.HTTPConnection(sys.argv[1], int(sys.argv[2]), timeout=0.5)
    try:
        connection.request("GET", "/")
        response = connection.getresponse()
        body = response.read()
        if response.status == 200:
            print(body.decode())
            sys.exit(0)
    except (OSError, http.client.HTTPException):
        pass
    finally:
        connection.close()
    time.sleep(0.005)
