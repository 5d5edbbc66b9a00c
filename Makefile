# Decant's commands. `make` or `make help` lists them.

WASM_HOME ?= $(HOME)/.local/share/wasm-tools
export WASM_HOME
export PATH := $(WASM_HOME)/bin:$(PATH)
SHELL := /bin/bash

# The crates of the page. Trunk builds them with the profile release-web; clippy uses the same profile, so that it finds
# most dependencies built.
wasm_crates := -p wasm-export -p web -p export-worker --target wasm32-unknown-unknown
target := $(or $(CARGO_TARGET_DIR),$(CURDIR)/target)
program := $(target)/release/decant
# The black-box tests run the program of the profile dev: it shares all dependencies with the tests.
tested_program := $(target)/debug/decant
timed := @scripts/timed.sh
FUZZ_SECONDS ?= 60
# Half of a black-box test is waiting: for PostgreSQL, a page, a limit of time.
RUST_TEST_THREADS ?= $(shell echo $$((3 * $$(nproc) / 2)))
export RUST_TEST_THREADS
page_sources := Cargo.toml Cargo.lock Trunk.toml scripts/join-styles.sh $(shell find web wasm-export server/api -path web/dist -prune -o \
	\( -path wasm-export/fuzz -o -path wasm-export/tests \) -prune -o -type f -print)

.PHONY: help run build test check fuzz module soak bench clean page page-and-check
# Steps of one command build on each other.
.NOTPARALLEL:

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

run: build ## Install what is missing, build, and start Decant with its own database and demo data
	$(program) serve

build: set-up-run page ## Build the page and the program, target/release/decant
	cargo build --release -p decant

test: forget-times set-up-test page-and-check ## Check everything, then run every test: native, black-box, and in Chromium
	$(timed) 'build of the program and the tests' cargo build --workspace --all-targets
	$(timed) 'native and black-box tests' env DECANT_BIN=$(tested_program) cargo test --workspace --no-fail-fast
	$(timed) 'tests of the formatter in Chromium' env WASM_BINDGEN_TEST_ONLY_WEB=1 WASM_BINDGEN_TEST_TIMEOUT=120 \
		wasm-cargo test -p wasm-export --target wasm32-unknown-unknown --test 'browser_*'
	@scripts/timed.sh end

check: set-up-test ## Check the format, clippy for both targets, the scripts and the documentation
	$(timed) 'shellcheck' shellcheck -x scripts/*.sh .ci/run
	$(timed) 'cargo fmt' cargo fmt --all --check
	$(timed) 'cargo fmt of the fuzz targets' cargo fmt --manifest-path wasm-export/fuzz/Cargo.toml --check
	$(timed) 'clippy' cargo clippy --workspace --all-targets -- -D warnings
	$(timed) 'clippy for wasm32' wasm-cargo clippy --profile release-web $(wasm_crates) --all-targets -- -D warnings
	$(timed) 'cargo doc' env RUSTDOCFLAGS='-D warnings' \
		cargo doc --workspace --exclude web --no-deps --document-private-items

fuzz: set-up-fuzz set-up-test page ## Fuzz formats, dumps and the API for FUZZ_SECONDS each, with new seeds
	scripts/fuzz.sh $(FUZZ_SECONDS)
	PROPTEST_RNG_SEED=$$RANDOM$$RANDOM PROPTEST_CASES=5000 cargo test -p wasm-export --lib
	cargo build -p decant
	DECANT_BIN=$(tested_program) FUZZ_SECONDS=$(FUZZ_SECONDS) cargo test -p decant-tests --test foreign openapi

soak: set-up-test page ## Run many clients and many faults for a long time, and write the storm of BENCHMARKS.md
	cargo build -p decant
	DECANT_BIN=$(tested_program) cargo test -p decant-tests --test soak -- --nocapture --test-threads 1

module: set-up-run ## Build the formatter as a WebAssembly module for other pages, target/module
	wasm-cargo rustc --profile release-web --lib -p wasm-export --target wasm32-unknown-unknown --crate-type cdylib
	wasm-bindgen --target web --out-dir target/module $(target)/wasm32-unknown-unknown/release-web/wasm_export.wasm
	wasm-opt -O3 -o target/module/wasm_export_bg.wasm target/module/wasm_export_bg.wasm

bench: set-up-bench module page ## Measure speed and memory, and write BENCHMARKS.md
	cargo build --release -p decant -p decant-tests --bins
	DECANT_BIN=$(program) $(target)/release/bench

clean: ## Remove all builds; data and installed tools stay
	cargo clean
	rm -rf web/dist

# Half of the page's build is one linker on one core. The checks need no page.
page-and-check:
	@$(MAKE) page & page=$$!; $(MAKE) check; checked=$$?; wait $$page && exit $$checked

# Trunk writes all files again, and then cargo builds the program that embeds them again.
page: web/dist/index.html
web/dist/index.html: $(page_sources)
	$(timed) 'build of the page' trunk build --release

set-up-%:
	$(timed) 'set-up' scripts/set-up.sh $*

.PHONY: forget-times
forget-times:
	@scripts/timed.sh begin
