#!/usr/bin/env bash
# Installs a finished build into a folder of its own, then builds and runs the project beside this file against it.
#   run.sh BUILD_DIR CXX_COMPILER
# SPDX-License-Identifier: MIT
set -euo pipefail
readonly build=$1 compiler=$2
here=$(cd "${BASH_SOURCE[0]%/*}" && pwd)
work=$(mktemp -d)
readonly here work
trap 'rm -rf "$work"' EXIT

cmake --install "$build" --prefix "$work/prefix" >"$work/install.log" || { cat "$work/install.log"; exit 1; }
for file in bin/selfconnect share/selfconnect/catalog share/doc/selfconnect/README.md; do
  [[ -e $work/prefix/$file ]] || { echo "not installed: $file"; exit 1; }
done
"$work/prefix/bin/selfconnect" rules >/dev/null

cmake -G Ninja -S "$here" -B "$work/user" -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_COMPILER="$compiler" \
  -DCMAKE_PREFIX_PATH="$work/prefix" -DCMAKE_FIND_USE_PACKAGE_REGISTRY=OFF
cmake --build "$work/user"
"$work/user/user"
"$work/user/vnet"
"$work/user/ping_fuzz" --trace --schedule "refuse self serve"
status=0
mistake=$("$work/user/ping_fuzz" --schedule "self srve" 2>&1) || status=$?
[[ $status == 64 && $mistake == "--schedule: at 6: expected an event "* ]] || { echo "exit code $status: $mistake"; exit 1; }
