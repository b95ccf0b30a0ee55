# Firstseen: build, see, test.

CARGO ?= cargo
TARGET := $(or $(CARGO_TARGET_DIR),target)
FIRSTSEEN = "$(TARGET)/release/firstseen"
DEMO = $(TARGET)/demo

# What the corpus-based tests read, where it is.
export FIRSTSEEN_CORPUS ?= $(abspath ../shared/corpus)

.PHONY: help build demo test test-checked test-corpus test-e2e test-e2e-full test-integrations \
	test-integrations-full playground package package-test lint lint-guest lint-fuzz fuzz bench bench-proxy bench-hosts bench-worst bench-test bench-check soak toolchain clean

help: ## Say what can be made
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "%-23s%s\n", $$1, $$2 }' $(MAKEFILE_LIST)

toolchain: ## Make sure there is a toolchain for the component
	@sh guest/toolchain.sh install

# All of the workspace is chosen, whatever is made of it: so everything has the same
# features each time, and wasmtime is built once.
build: toolchain ## Build firstseen in target/release, component included
	$(CARGO) build --release --workspace --bin firstseen

demo: build ## See the dpkg rule alert once on a recorded install
	@rm -rf "$(DEMO)" && mkdir -p "$(DEMO)"
	@echo
	@echo "A recorded dpkg -i passes the filter, first time:"
	@$(FIRSTSEEN) filter --state "$(DEMO)/seen" --alerts "$(DEMO)/alerts.ndjson" \
		< tests/data/dpkg-i-recorded.ndjson > "$(DEMO)/events.ndjson"
	@cmp tests/data/dpkg-i-recorded.ndjson "$(DEMO)/events.ndjson"
	@echo "The events came out byte for byte as they went in. The alert, lines cut short:"
	@echo
	@awk '{ gsub(/,"kibana\.alert/, ",\n  \"kibana.alert"); gsub(/,"event\.kind/, ",\n  \"event.kind"); print }' \
		"$(DEMO)/alerts.ndjson" | cut -c 1-150
	@echo
	@echo "The same recording again, with the same state:"
	@$(FIRSTSEEN) filter --state "$(DEMO)/seen" --only-alerts \
		< tests/data/dpkg-i-recorded.ndjson > "$(DEMO)/second.ndjson"
	@test ! -s "$(DEMO)/second.ndjson"
	@echo "No alert: the parent process has been seen."
	@echo
	@echo "The whole alert lies in $(DEMO)/alerts.ndjson"

test: build ## Run all tests
	$(CARGO) test --release --workspace

# Only crates that need no wasmtime, which would be built once more for it.
test-checked: ## Run the tests of the crates without wasmtime with overflow checks and debug assertions
	$(CARGO) test --profile ci --package firstseen-query --package firstseen-kql --package firstseen-eql --package firstseen-guest --package firstseen-plain \
		--package firstseen-ledger --package firstseen-state-file --package firstseen-upkeep-socket

test-corpus: build ## Run the tests that read FIRSTSEEN_CORPUS, and count what they checked
	$(CARGO) test --release --workspace --test kql_vectors --test eql_vectors --test eql_events --test eql_stages --test eql_sequences --test unit_cases -- --nocapture
	$(CARGO) test --release --workspace --test it corpus::

# Without a server or a client its tests are skipped, or fail with CI=true.
# FIRSTSEEN_CLIENTS=all runs all clients, in all their ways.
CLIENTS = curl elasticsearch-js elasticsearch-py go-elasticsearch opensearch-py rsyslog syslog-ng
ifeq ($(FIRSTSEEN_CLIENTS),all)
CLIENTS += go-docappender
endif

test-e2e: build ## Ask a real Elasticsearch and OpenSearch what they store, of real clients behind the proxy too
	@for part in servers/elasticsearch servers/opensearch $(addprefix clients/,$(CLIENTS)); do \
		sh tests/$$part/build.sh "$(TARGET)/$$part" || test "$$CI" != true || exit 1; \
	done
	$(CARGO) test --release --workspace --test e2e -- --nocapture

# Servers and shippers are put together as for test-e2e, and without them their tests are skipped.
test-integrations: build ## Run the module in the hosts of integrations/, and shippers with the filter behind them
	@for part in servers/elasticsearch servers/opensearch clients/rsyslog clients/syslog-ng; do \
		sh tests/$$part/build.sh "$(TARGET)/$$part" || test "$$CI" != true || exit 1; \
	done
	$(CARGO) test --release --workspace --test integrations -- --nocapture

# Twenty minutes more: the processor's nodes are killed more often, and the table of hosts is made.
test-integrations-full: ## The same with many more kills of nodes, and measure the hosts
	FIRSTSEEN_INGEST_KILLS=20 $(MAKE) test-integrations
	$(MAKE) bench-hosts

playground: build ## Write the page that tries rules in a browser, one file
	@sh integrations/playground/tools.sh "$(TARGET)/playground"
	@$(FIRSTSEEN) module --plain --output "$(TARGET)/firstseen-plain.wasm"
	@node integrations/playground/build.js "$(TARGET)/playground" "$(TARGET)/firstseen-plain.wasm" "$(TARGET)/playground.html"
	@echo "The page is $(TARGET)/playground.html"

# Half an hour and more: the numbers are those of each mode of the proxy.
test-e2e-full: ## The same with all clients, in all their ways, and many more kills, faults and broken requests
	$(MAKE) test-e2e FIRSTSEEN_CLIENTS=all
	FIRSTSEEN_KILLS=100 FIRSTSEEN_FAULTS=500 FIRSTSEEN_MUTATIONS=10000 $(CARGO) test --release --workspace --test it -- \
		--nocapture serve::kills serve::faults serve::mutated

# cargo-deb makes it: cargo install cargo-deb
package: build ## Make a Debian package
	@sh packaging/deb.sh

package-test: build ## Test the unit, the Debian package and the root of an image; nothing is installed
	@sh packaging/test.sh

lint: toolchain lint-guest lint-fuzz ## Check lock files, format, lints, documentation and dependencies
	@for manifest in Cargo.toml bench/Cargo.toml fuzz/Cargo.toml; do \
		$(CARGO) metadata --quiet --locked --format-version 1 --manifest-path $$manifest >/dev/null || exit 1; \
	done
	$(CARGO) fmt --all --check
	$(CARGO) clippy --release --workspace --all-targets -- --deny warnings
	$(CARGO) clippy --release --workspace --test e2e --test integrations -- --deny warnings
	RUSTDOCFLAGS="--deny warnings" $(CARGO) doc --release --workspace --no-deps
	@if $(CARGO) deny --version >/dev/null 2>&1; then $(CARGO) deny check bans licenses sources; \
	elif [ "$$CI" = true ]; then echo "CI=true, and cargo-deny is not installed"; exit 1; \
	else echo "SKIPPED: cargo-deny is not installed; dependencies were not checked"; fi

lint-guest: toolchain ## Run clippy on what is compiled for wasm only
	sh guest/toolchain.sh lint component "$(TARGET)/guest"
	sh guest/toolchain.sh lint plain "$(TARGET)/guest"
	sh guest/toolchain.sh lint plain-scalar "$(TARGET)/guest-scalar"

lint-fuzz: ## Check format and lints of the fuzz targets
	$(CARGO) fmt --manifest-path fuzz/Cargo.toml --check
	$(CARGO) clippy --manifest-path fuzz/Cargo.toml --release --all-targets -- --deny warnings

fuzz: ## Run each fuzz target for FUZZ_SECONDS; else all share five minutes
	sh fuzz/run.sh

# Peers and their dependencies are in a workspace of their own. The component is
# the very one that the command runs. BENCH_ARGS: see `BENCH_ARGS=--help`.
bench: build ## Measure Firstseen beside its peers, write bench/results.md
	@$(FIRSTSEEN) module --output "$(TARGET)/firstseen.wasm"
	cd bench && FIRSTSEEN_MODULE="$(abspath $(TARGET)/firstseen.wasm)" \
		$(CARGO) run --release --bin firstseen-bench -- --firstseen "$(abspath $(TARGET)/release/firstseen)" $(BENCH_ARGS)

# Elasticsearch is left out, with a word about it, where it cannot be put together.
bench-proxy: build ## Measure the proxy beside nginx and the library, write bench/results.md
	@nginx -v >/dev/null 2>&1 || { echo "nginx is not installed: apt-get install nginx-light"; exit 2; }
	@$(FIRSTSEEN) module --output "$(TARGET)/firstseen.wasm"
	@elasticsearch="$(abspath $(TARGET)/servers/elasticsearch)"; set --; \
	if sh tests/servers/elasticsearch/build.sh "$$elasticsearch"; then set -- --elasticsearch "$$elasticsearch"; fi; \
	cd bench && FIRSTSEEN_MODULE="$(abspath $(TARGET)/firstseen.wasm)" \
		$(CARGO) run --release --package firstseen-bench-proxy -- \
		--firstseen "$(abspath $(TARGET)/release/firstseen)" "$$@" $(BENCH_ARGS)

# A host that is missing is left out, with a word about it.
bench-hosts: build ## Measure the module in the hosts of integrations/, write bench/results.md
	@$(FIRSTSEEN) module --output "$(TARGET)/firstseen.wasm"
	cd bench && FIRSTSEEN_MODULE="$(abspath $(TARGET)/firstseen.wasm)" \
		$(CARGO) run --release --package firstseen-bench-hosts -- \
		--firstseen "$(abspath $(TARGET)/release/firstseen)" --built "$(abspath $(TARGET)/bench-hosts)" $(BENCH_ARGS)

bench-worst: build ## Measure the nastiest events beside ordinary ones; BENCH_ARGS="--search 600" looks for worse
	@$(FIRSTSEEN) module --output "$(TARGET)/firstseen.wasm"
	cd bench && FIRSTSEEN_MODULE="$(abspath $(TARGET)/firstseen.wasm)" \
		$(CARGO) run --release --package firstseen-worst -- $(BENCH_ARGS)

# Without the optimizations that make measuring worth it. The component is the one
# that was built already.
bench-test: build ## Check format and lints of the benches, and run their tests
	@$(FIRSTSEEN) module --output "$(TARGET)/firstseen.wasm"
	$(CARGO) fmt --manifest-path bench/Cargo.toml --all --check
	cd bench && export FIRSTSEEN_MODULE="$(abspath $(TARGET)/firstseen.wasm)" && \
		$(CARGO) clippy --profile quick --workspace --all-targets -- --deny warnings && \
		$(CARGO) test --profile quick --workspace

bench-check: ## Count the instructions of a fixed input, fail if they have grown by over 3 %
	@valgrind --version >/dev/null 2>&1 || { echo "valgrind is not installed: apt-get install valgrind"; exit 2; }
	cd bench && $(CARGO) run --release --package firstseen-instructions -- $(BENCH_ARGS)

soak: build ## Run the filter for half an hour with a sink that fails; see SOAK_ARGS=--help
	@rm -rf "$(TARGET)/soak"
	python3 tests/soak/soak.py "$(abspath $(TARGET))/release/firstseen" "$(TARGET)/soak" $(SOAK_ARGS)

clean: ## Remove what was built
	$(CARGO) clean
	cd bench && $(CARGO) clean
	cd fuzz && $(CARGO) clean
