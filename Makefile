# What people do with this project. Each target installs what it needs (.ci/setup.sh), from package managers only.

.DEFAULT_GOAL := help
.PHONY: help demo test setup console sdk fmt lint bench bench-times bench-check bench-baseline cold profiling autobahn clean

HOT_PATHS = -p estafette-protocol -p estafette-actors -p estafette-cv-benches --features estafette-actors/testkit \
	--bench codec --bench delivery --bench tasks --bench cv

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## build and run the demo: a private Postgres, an example user, real CVs, the console
	@.ci/setup.sh server
	@.ci/console.sh
	@cargo build --bin estafette --bin estafette-press
	@exec .ci/demo.sh $(ARGS)

test: ## install what is missing and run every check and test
	@.ci/setup.sh all
	@.ci/test.sh

setup: ## install Postgres, Redis, Chromium and the npm packages
	@.ci/setup.sh all

console: ## build the web console (only when its sources are newer)
	@.ci/console.sh

sdk: ## check and build the SDK
	@.ci/sdk.sh

fmt: ## format the Rust sources
	cargo fmt --all

lint: ## clippy and rustdoc, warnings denied
	cargo clippy --workspace --all-targets --all-features -- -D warnings
	RUSTDOCFLAGS="-D warnings -A rustdoc::private_intra_doc_links" cargo doc --workspace --no-deps --document-private-items

bench: ## run the load scenarios against a server that they start
	cargo build --release --bin estafette
	cargo run --release -p estafette-loadtest -- generations --tasks 500 --concurrency 50

bench-times: ## measure the hot paths with criterion, against the last time it was run
	cargo bench $(HOT_PATHS)

bench-check: ## compare the hot paths' instruction counts with the baseline (needs valgrind)
	@.ci/bench.sh

bench-baseline: ## renew the baseline where it differs: make bench-baseline REASON="why"
	@.ci/bench.sh renew "$(REASON)"

cold: ## measure the cold costs: the binary's size, the start, a rebuild after one touched file
	@.ci/cold.sh

profiling: ## build the release server with its symbols, for perf and callgrind
	cargo build --release --bin estafette --config 'profile.release.package.estafette.strip="none"'

autobahn: ## run the original Autobahn suite against the server's sockets (needs Python 2.7)
	@.ci/autobahn.sh

clean: ## remove what was built (the demo's data stays; it is in .estafette/)
	cargo clean
	rm -rf client-sdk/dist client-sdk/console/dist
