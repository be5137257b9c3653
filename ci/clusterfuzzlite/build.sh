#!/usr/bin/env bash
# Builds every fuzz target the way ClusterFuzzLite wants it: from $SRC/selfconnect with $CC, $CXX, $CFLAGS, $CXXFLAGS and
# $LIB_FUZZING_ENGINE into $OUT, with NAME_seed_corpus.zip and NAME.dict beside NAME. Uses $WORK; changes nothing else.
# SPDX-License-Identifier: MIT
set -euo pipefail
cd "$SRC/selfconnect"

# The libraries that come in packages are built on libstdc++.
export CXXFLAGS="${CXXFLAGS//-stdlib=libc++/}"

ci/fuzz-clients --into "$WORK/clients"
# What is not on every machine goes into $OUT/lib.
cmake -S . -B "$WORK/selfconnect" -G Ninja --log-level=WARNING -DCMAKE_BUILD_TYPE=None \
  -DCMAKE_EXE_LINKER_FLAGS=-Wl,--disable-new-dtags '-DCMAKE_BUILD_RPATH=$ORIGIN/lib' \
  -DSELFCONNECT_FUZZ=ON "-DSELFCONNECT_FUZZ_ENGINE=$LIB_FUZZING_ENGINE" "-DSELFCONNECT_FUZZ_CLIENTS=$WORK/clients" \
  -DSELFCONNECT_WERROR=OFF -DSELFCONNECT_TESTS=OFF -DSELFCONNECT_TARGETS=OFF -DSELFCONNECT_BENCH=OFF
cmake --build "$WORK/selfconnect" --target fuzzers --parallel "$(nproc)"

mkdir -p "$OUT/lib"
for fuzzer in "$WORK"/selfconnect/bin/fuzz/*; do
  name=${fuzzer##*/}
  corpus=$PWD/fuzz/corpus/${name%_fuzz} dictionary=fuzz/dictionary/${name%_fuzz}.dict
  cp "$fuzzer" "$OUT"
  [[ ! -d $corpus ]] || (cd "$corpus" && cmake -E tar cf "$OUT/${name}_seed_corpus.zip" --format=zip .)
  [[ ! -f $dictionary ]] || cp "$dictionary" "$OUT/$name.dict"
  ldd "$fuzzer" | awk '/=> \// { print $3 }' | grep -vE '/(libc|libm|libdl|librt|libpthread|libresolv)\.so' |
    xargs -r cp -u -t "$OUT/lib"
done
