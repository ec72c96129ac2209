#!/usr/bin/env bash
# Fuzzes every target for FUZZ_SECONDS (600), or those that are named. Called by `make fuzz`. Needs the nightly compiler
# and cargo-fuzz; without them it says so.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! rustup toolchain list | grep -q nightly || ! command -v cargo-fuzz >/dev/null; then
  echo "fuzzing is skipped: it needs \`rustup toolchain install nightly\` and \`cargo install cargo-fuzz\`" >&2
  exit 0
fi
targets=("$@")
[ ${#targets[@]} -gt 0 ] || mapfile -t targets < <(cd fuzz/fuzz_targets && ls | sed 's/\.rs$//')
for target in "${targets[@]}"; do
  corpus=fuzz/corpus/$target
  cargo run --quiet --package fuzzing --bin write-seeds -- "$target" "$corpus"
  # No sanitizer: the project has no unsafe code, and panics and broken promises are found without, several times faster.
  cargo +nightly fuzz run --sanitizer none "$target" "$corpus" -- \
    -max_total_time="${FUZZ_SECONDS:-600}" -timeout=20 -rss_limit_mb=4096 -max_len=8192 -print_final_stats=1
done
