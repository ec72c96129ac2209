#!/usr/bin/env bash
# Fuzzes every target for FUZZ_SECONDS (600), or those that are named, FUZZ_JOBS (one a core) at a time. Called by `make fuzz`. What is
# found stands in fuzz/artifacts, beside what each target printed.
set -euo pipefail
cd "$(dirname "$0")/.."

targets=("$@")
[ ${#targets[@]} -gt 0 ] || mapfile -t targets < <(cd fuzz/fuzz_targets && ls | sed 's/\.rs$//')
cargo build --quiet --workspace --bin write-seeds
export SEEDS="${CARGO_TARGET_DIR:-target}/debug/write-seeds"

# No sanitizer: the project has no unsafe code, and panics and broken promises are found without, several times faster. So the stable
# compiler is enough: what libFuzzer counts are passes of LLVM.
counts="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters"
counts+=" -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares"
host=$(rustc -vV | sed -n 's/^host: //p')
RUSTFLAGS="$counts -Cdebug-assertions --cfg fuzzing" cargo build --release --locked --manifest-path fuzz/Cargo.toml \
  --target "$host" --target-dir fuzz/target "${targets[@]/#/--bin=}"
export PROGRAMS="fuzz/target/$host/release"

fuzz() {
  local target=$1 corpus="fuzz/corpus/$1" log="fuzz/artifacts/$1.log"
  mkdir -p fuzz/artifacts
  "$SEEDS" "$target" "$corpus"
  if "$PROGRAMS/$target" "$corpus" -artifact_prefix="fuzz/artifacts/$target-" -max_total_time="${FUZZ_SECONDS:-600}" \
    -timeout=20 -rss_limit_mb=4096 -max_len=8192 -print_final_stats=1 >"$log" 2>&1; then
    echo "$target: $(grep -o 'Done .*' "$log")"
  else
    echo "$target: a finding, see $log" >&2
    return 1
  fi
}
export -f fuzz
printf '%s\n' "${targets[@]}" | xargs -P "${FUZZ_JOBS:-$(nproc)}" -I TARGET bash -c 'fuzz TARGET'
