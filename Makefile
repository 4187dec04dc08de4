# Lanline: `make` lists the targets. Tests and the page's end-to-end run share one profile (dev), so that each crate is built once.

TARGET := $(abspath $(or $(CARGO_TARGET_DIR),target))
NODE_MODULES := web/node_modules/.package-lock.json
BENCHES := relay_delay mouth_to_ear capacity quality playout

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help run test check bench deps test-rust test-page test-chromium test-others test-browsers

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' Makefile | sed -E 's/:.*## /\t/' | expand -t 12

run: deps ## Build the relay and start it; prints link, QR code, PIN and host page
	cargo run --release -p relay -- $(ARGS)

test: deps check test-rust test-page test-chromium ## Run every check and every test

check: $(NODE_MODULES) ## Format, lints and types, Rust and TypeScript
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	npm --prefix web run check

bench: deps $(NODE_MODULES) ## Run every bench (ARGS=--quick for a short run); JSON in bench-results
	for bench in $(BENCHES); do cargo run --release -p benches --bin $$bench -- --json bench-results/$$bench.json $(ARGS) || exit; done
	cargo build --release -p relay
	RELAY=$(TARGET)/release/relay BENCH_JSON=$(abspath bench-results/browser_mouth_to_ear.json) $(if $(findstring --quick,$(ARGS)),BENCH_CHIRPS=20) npm --prefix web run bench
	cargo run --release -p benches --bin report -- bench-results/browser_mouth_to_ear.json

deps: ## Install what builds, tests and benches need (Debian, Ubuntu)
	@scripts/deps

test-rust: # relay's build script builds the page
	cargo build --workspace --bins --locked
	if cargo nextest --version >/dev/null 2>&1; then cargo nextest run --workspace --locked && cargo test --workspace --doc --locked; else cargo test --workspace --locked; fi

test-chromium test-others test-browsers: export RELAY ?= $(TARGET)/debug/relay
test-chromium test-others test-browsers: export CAPTURE_CLI ?= $(TARGET)/debug/capture-cli

test-page: $(NODE_MODULES)
	npm --prefix web test

test-chromium: $(NODE_MODULES)
	cargo build --workspace --bins --locked
	npm --prefix web run e2e

test-others: $(NODE_MODULES) # what is built already, in the other browsers
	@scripts/deps browsers
	npm --prefix web run e2e:browsers

test-browsers: test-chromium test-others ## Test the page in Chromium, Firefox and WebKitGTK
	HARDSHIP=1 npm --prefix web run e2e -- hardship
	if [ "$$(id -u)" = 0 ]; then npm --prefix web run e2e:island; fi

$(NODE_MODULES): web/package.json web/package-lock.json
	npm --prefix web ci
