# Two commands do all the set-up on a fresh Debian machine with Rust: `make demo` and `make test`.

.PHONY: demo test build release fmt lint codegen bench-kql bench-ingest bench-protocols bench-query bench-soak fuzz clean

demo: release
	scripts/demo

test:
	.ci/test

build:
	cargo build --workspace

release:
	.ci/tools
	cargo build --release --package vidimus --package vidimus-verify

fmt:
	cargo fmt --all

lint:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings

codegen:
	cargo xtask codegen

# The benchmark's queries beside DuckDB and DataFusion SQL; see benches/kql.py for what it needs.
ROWS ?= 10000000
bench-kql: release
	python3 benches/kql.py --rows $(ROWS)

# Taking records in over HTTP, and by each protocol beside a parse of the same bytes; and the store's answers beside its peers'. See
# benches/store.py and benches/protocols.py for what they need.
bench-ingest: release
	python3 benches/store.py ingest --rows $(ROWS)
	python3 benches/protocols.py

bench-protocols: release
	python3 benches/protocols.py

bench-query: release
	python3 benches/store.py query --rows $(ROWS)

# An hour's records with queries beside: what memory does.
bench-soak: ROWS = 36000000
bench-soak: release
	python3 benches/store.py soak --rows $(ROWS)

# Each target for FUZZ_SECONDS, ten minutes when not given.
fuzz:
	fuzz/run.sh

clean:
	cargo clean
