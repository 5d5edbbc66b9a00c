# Decant's commands. `make` or `make help` lists them.

WASM_HOME ?= $(HOME)/.local/share/wasm-tools
export WASM_HOME
export PATH := $(WASM_HOME)/bin:$(PATH)

# What runs in the browser. Trunk builds it with the profile release-web; whoever else takes that profile, too, finds
# most of it built.
wasm_crates := -p wasm-export -p web --target wasm32-unknown-unknown
# The program that people run is also the one that the black-box tests run.
target := $(or $(CARGO_TARGET_DIR),$(CURDIR)/target)
program := $(target)/release/decant
FUZZ_SECONDS ?= 5
page_sources := Cargo.toml Cargo.lock Trunk.toml $(shell find web wasm-export -path web/dist -prune -o \
	\( -path wasm-export/fuzz -o -path wasm-export/tests \) -prune -o -type f -print)

.PHONY: help run build test check fuzz module bench clean page
# Steps of one command build on each other.
.NOTPARALLEL:

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

run: build ## Install what is missing, build, and start Decant with its own database and demo data
	$(program) serve

build: set-up-run page ## Build the page and the program, target/release/decant
	cargo build --release -p decant

test: set-up-test page check ## Check everything, then run every test: native, in Chromium, black-box, and fuzzed
	cargo build --release -p decant
	DECANT_BIN=$(program) cargo test --workspace --no-fail-fast
	wasm-pack test --headless --chrome --mode no-install wasm-export
	scripts/fuzz.sh $(FUZZ_SECONDS)

check: set-up-test ## Check the format, clippy for both targets, the scripts and the documentation
	shellcheck -x scripts/*.sh .ci/run
	cargo fmt --all --check
	cargo fmt --manifest-path wasm-export/fuzz/Cargo.toml --check
	cargo clippy --workspace --all-targets -- -D warnings
	wasm-cargo clippy --profile release-web $(wasm_crates) --all-targets -- -D warnings
	RUSTDOCFLAGS='-D warnings' cargo doc --no-deps --document-private-items

fuzz: set-up-test ## Feed the formatter and the readers what nobody would, FUZZ_SECONDS for each of their targets
	scripts/fuzz.sh $(FUZZ_SECONDS)

module: set-up-run ## Build the formatter as a WebAssembly module for other pages, target/module
	wasm-cargo rustc --profile release-web --lib -p wasm-export --target wasm32-unknown-unknown --crate-type cdylib
	wasm-bindgen --target web --out-dir target/module $(target)/wasm32-unknown-unknown/release-web/wasm_export.wasm
	wasm-opt -O3 -o target/module/wasm_export_bg.wasm target/module/wasm_export_bg.wasm

bench: set-up-bench module page ## Measure speed and memory against psql and the seeds' way, into BENCHMARKS.md
	cargo build --release -p decant -p decant-tests --bins
	DECANT_BIN=$(program) $(target)/release/bench

clean: ## Remove what was built (the data and the installed tools stay)
	cargo clean
	rm -rf web/dist

# Trunk writes everything anew, and then the program that holds it is built anew, too.
page: web/dist/index.html
web/dist/index.html: $(page_sources)
	trunk build --release

set-up-%:
	@scripts/set-up.sh $*
