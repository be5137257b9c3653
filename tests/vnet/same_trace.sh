#!/usr/bin/env bash
# Runs two programs; both must succeed, and print the same.
#   same_trace.sh ONE OTHER
# SPDX-License-Identifier: MIT
set -euo pipefail
one=$("$1") || { echo "$one"; exit 1; }
other=$("$2") || { echo "$other"; exit 1; }
diff <(echo "$one") <(echo "$other") && echo "$one"
