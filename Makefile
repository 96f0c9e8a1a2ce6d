# Everything that is built, run or checked starts here. `make` alone lists the targets.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
# Two browsers on two cores time out on each other, and all test targets share one port.
.NOTPARALLEL:

export PATH := $(or $(CARGO_HOME),$(HOME)/.cargo)/bin:$(PATH)

WASM := wasm32-unknown-unknown
TARGET_DIR := $(or $(CARGO_TARGET_DIR),target)
DEMO_PORT ?= 4780
# Not the demo's port: the tests run beside an open demo.
FIXTURE_PORT ?= 4791
export FIXTURE_PORT

PACKAGE_INPUTS := $(shell find src pkg-template scripts -type f) \
	Cargo.toml Cargo.lock package-lock.json CHANGELOG.md LICENSE LICENSE-APACHE LICENSE-MIT

## make demo             build all, serve the demo page at http://127.0.0.1:4780 (DEMO_PORT=n for another port)
.PHONY: demo
demo: tools-build pkg/package.json docs
	cargo build -p server-fixture --bin everwire-fixture
	@echo
	@echo "Open http://127.0.0.1:$(DEMO_PORT)/ in a browser. Ctrl-C ends it."
	@echo
	cargo run -q -p server-fixture --bin everwire-fixture -- --port $(DEMO_PORT) --data $(TARGET_DIR)/demo-data --root .

## make package          build the npm package into pkg/ and print its sizes
.PHONY: package
package: tools-build
	node pkg-template/assemble.mjs

# The same, when something it is made of has changed.
pkg/package.json: $(PACKAGE_INPUTS)
	node pkg-template/assemble.mjs

## make docs             the documentation as a site, into site/; `make demo` serves it at /docs/
.PHONY: docs
docs: tools-docs
	node docs/site/options.mjs
	node docs/site/build.mjs

## make sizes            what each import of the package weighs, and what peers do; writes README.md's table
.PHONY: sizes
sizes: pkg/package.json
	@scripts/tools.sh peers
	node scripts/sizes.mjs

## make crate-size       what the crate adds to an empty Yew application
.PHONY: crate-size
crate-size: tools-build
	node tests/crate-size/measure.mjs

## make test             every check there is: what CI runs
.PHONY: test
test: test-format test-lint test-native test-crate test-fuzz test-package test-docs test-chromium test-application test-firefox test-webkit test-e2e test-yew test-compile test-interop
	@echo "test: all passed"

##   make test-format    rustfmt
.PHONY: test-format
test-format:
	cargo fmt --all --check
	cargo fmt --manifest-path tests/interop/socketioxide/Cargo.toml --check
	for crate in www/model www/yew www/leptos www/dioxus tests/crate-size; do \
		cargo fmt --manifest-path $$crate/Cargo.toml --check || exit; \
	done
	@echo "$@: passed"

##   make test-lint      clippy on both targets and all features, rustdoc; warnings are errors
.PHONY: test-lint
test-lint: tools-build
	cargo fetch --locked
	cargo clippy --workspace --all-targets -- -D warnings
	cargo clippy -p everwire --all-targets --features testing,serde-json -- -D warnings
	for features in "" json serde-json npm npm-wires npm-parser; do \
		echo "clippy --target $(WASM) --features '$$features'"; \
		cargo clippy --target $(WASM) -p everwire --lib --features "$$features" -- -D warnings; \
	done
	cargo clippy --target $(WASM) -p everwire --lib --tests --all-features -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --target $(WASM) -p everwire --all-features
	RUSTDOCFLAGS="-D warnings" cargo doc --no-deps -p everwire --all-features
	RUSTDOCFLAGS="-D warnings" cargo doc --no-deps -p server-fixture
	@echo "$@: passed"

##   make test-native    the core in virtual time, the layers, the fixture
.PHONY: test-native
test-native:
	cargo fetch --locked
	cargo test --workspace
	@echo "$@: passed"

##   make test-crate     the crate as its users have it: played networks in their tests, and what is published
.PHONY: test-crate
test-crate: tools-build
	cargo test -p everwire --features testing,serde-json --test testing
	cargo test -p everwire --features testing,serde-json --doc
	cargo package -p everwire --locked --allow-dirty --target $(WASM) --no-default-features --features json
	@echo "$@: passed"

# Seconds. The mutations go on where an earlier run has left off, in tests/fuzz/corpus.
FUZZ_SECONDS ?= 60

##   make test-fuzz      the parser of event streams, under a fuzzer, for FUZZ_SECONDS=60
.PHONY: test-fuzz
test-fuzz:
	@scripts/tools.sh fuzz
	mkdir -p tests/fuzz/corpus/sse
	cargo fuzz run -s none --fuzz-dir tests/fuzz sse tests/fuzz/corpus/sse tests/fuzz/seeds -- \
		-max_total_time=$(FUZZ_SECONDS) -dict=tests/fuzz/sse.dict -print_final_stats=1
	@echo "$@: passed"

##   make test-package   the npm package: contents, types, size; and in what users build and run with
.PHONY: test-package
test-package: tools-browsers fixture package
	@scripts/tools.sh consumers
	@scripts/tools.sh peers
	node --test tests/npm/*.test.mjs
	@echo "$@: passed"

##   make test-docs      the documentation: its code, run or compiled; options, versions and links; its servers in Node.js and Rust
.PHONY: test-docs
test-docs: tools-build tools-browsers tools-docs fixture pkg/package.json
	cargo fetch --locked
	tests/interop/tools.sh npm
	node --test --test-concurrency=1 tests/docs/*.test.mjs
	@echo "$@: passed"

# The tests in a browser. Cargo hands the compiled tests to wasm-bindgen's runner, which drives the browser; the time-out is
# for all tests together.
# Isolated, as the runner's pages are unless told otherwise, a page cannot ask another origin what cannot be read.
BROWSER_TESTS = env WASM_BINDGEN_TEST_TIMEOUT=600 WASM_BINDGEN_TEST_DRIVER_TIMEOUT=30 WASM_BINDGEN_TEST_NO_ORIGIN_ISOLATION=1 \
	CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER=wasm-bindgen-test-runner
CARGO_WEB_TEST = cargo test --target $(WASM) -p everwire --features json \
	--test web --test web_dedicated_worker --test web_shared_worker --test web_service_worker

##   make test-chromium  the tests in Chromium, against the fixture
.PHONY: test-chromium
test-chromium: tools-build tools-browsers fixture
	scripts/with-fixture.sh chromium $(BROWSER_TESTS) CHROMEDRIVER="$$(command -v chromedriver)" $(CARGO_WEB_TEST)
	@echo "$@: passed"

##   make test-application  a browser test as an application has it, by a runner that has the fixture in it
.PHONY: test-application
test-application: tools-build tools-browsers
	cargo build -q -p server-fixture --example browser_tests
	env EVERWIRE_FIXTURE=http://127.0.0.1:$(FIXTURE_PORT) WASM_BINDGEN_TEST_TIMEOUT=60 CHROMEDRIVER="$$(command -v chromedriver)" \
		CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER="$(abspath $(TARGET_DIR))/debug/examples/browser_tests" \
		cargo test --target $(WASM) -p everwire --test web_application
	@echo "$@: passed"

##   make test-firefox   the same in Firefox
.PHONY: test-firefox
test-firefox: tools-build tools-browsers fixture
	scripts/with-fixture.sh firefox $(BROWSER_TESTS) GECKODRIVER="$$(command -v geckodriver)" $(CARGO_WEB_TEST)
	@echo "$@: passed"

##   make test-webkit    the same in WebKitGTK, where it is installed
.PHONY: test-webkit
test-webkit: tools-build tools-browsers fixture
	@# Safari's protocol is WebKit's. Its sandbox needs privileges that a container does not have.
	@if command -v WebKitWebDriver xvfb-run xauth >/dev/null; then \
		scripts/with-fixture.sh webkit $(BROWSER_TESTS) SAFARIDRIVER="$$(command -v WebKitWebDriver)" \
			WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS=1 xvfb-run -a $(CARGO_WEB_TEST); \
		echo "$@: passed"; \
	else echo "$@: left out, as WebKitWebDriver, xvfb-run or xauth is missing"; fi

##   make test-e2e       the demo page, opened, broken and looked at in Chromium
.PHONY: test-e2e
test-e2e: tools-build tools-browsers fixture pkg/package.json
	node --test tests/e2e/demo.test.mjs
	@echo "$@: passed"

##   make test-yew       the application in Yew
.PHONY: test-yew
test-yew:
	@$(MAKE) --no-print-directory test-apps APPS=yew

##   make test-compile   that the applications in Leptos and Dioxus compile for the browser
.PHONY: test-compile
test-compile:
	cargo check -q --locked --manifest-path www/leptos/Cargo.toml --target-dir $(TARGET_DIR)/apps --target $(WASM) --lib --features hydrate
	cargo check -q --locked --manifest-path www/dioxus/Cargo.toml --target-dir $(TARGET_DIR)/apps --target $(WASM)
	@echo "$@: passed"

# What make test leaves out for its time: a minute and a half of compiling for each framework, and a minute in the browser.
APPS ?= yew leptos dioxus
## make test-apps        the applications in Yew, Leptos and Dioxus, or APPS="yew": built, opened in two tabs, broken, and left
.PHONY: test-apps
test-apps: tools-build tools-browsers fixture
	cargo test -q --locked --manifest-path www/model/Cargo.toml --target-dir $(TARGET_DIR)/apps
	$(if $(filter yew,$(APPS)),cargo test -q --locked --manifest-path www/yew/Cargo.toml --target-dir $(TARGET_DIR)/apps --no-default-features --features ssr)
	$(if $(filter dioxus,$(APPS)),cargo test -q --locked --manifest-path www/dioxus/Cargo.toml --target-dir $(TARGET_DIR)/apps --no-default-features)
	npm --prefix docs/site ci --ignore-scripts --no-audit --no-fund
	scripts/apps.sh $(APPS)
	APPS="$(APPS)" node --test --test-concurrency=1 tests/e2e/apps.test.mjs tests/e2e/frameworks.test.mjs
	@echo "$@: passed"

##   make test-interop   servers that are not ours, where they can be installed: ws, six of Engine.IO, better-sse, sse-starlette, nginx with nchan
.PHONY: test-interop
test-interop: tools-build tools-browsers fixture pkg/package.json
	@if tests/interop/tools.sh install; then \
		node --test --test-concurrency=1 tests/interop/*.test.mjs; \
		echo "$@: passed"; \
	else echo "$@: left out, as a server is missing"; fi

## make test-next        the package in Next, by both of its builders: rendered on the server, hydrated, receiving
.PHONY: test-next
test-next: tools-build tools-browsers fixture pkg/package.json
	@scripts/tools.sh next
	node --test tests/npm/consumers/next.test.mjs
	@echo "$@: passed"

## make test-all         what takes longer or needs more tools: applications, sets of features, licences, the last release, and Next
.PHONY: test-all
test-all: test test-apps test-features test-deps test-semver test-next

##   make test-features  every set of the crate's features, on both targets; those of the npm build as one
.PHONY: test-features
test-features: tools-build
	@scripts/tools.sh cargo-hack
	cargo hack check -p everwire --lib --feature-powerset --group-features npm-wires,npm-parser --exclude-features npm --target $(WASM)
	cargo hack check -p everwire --lib --feature-powerset --group-features npm-wires,npm-parser --exclude-features npm
	@echo "$@: passed"

##   make test-deps      licences, sources and doubles of all dependencies
.PHONY: test-deps
test-deps:
	@scripts/tools.sh cargo-deny
	cargo deny check bans licenses sources
	@echo "$@: passed"

# A commit that the crate's public surface is compared with.
BASELINE ?= $(shell git describe --tags --match 'v*' --abbrev=0 2>/dev/null)
##   make test-semver    whether the crate's version is true to what changed of its surface since the last release, or BASELINE=commit
.PHONY: test-semver
test-semver:
	@scripts/tools.sh cargo-semver-checks
	@if [ -n "$(BASELINE)" ]; then \
		cargo semver-checks -p everwire --baseline-rev "$(BASELINE)" --only-explicit-features --features json,serde-json,testing; \
		echo "$@: passed"; \
	else echo "$@: left out, as nothing has been released yet; BASELINE=commit says what to compare with"; fi

## make interop          the same, by its name
.PHONY: interop
interop: test-interop

## make conformance      the web-platform-tests of EventSource and WebSocket, from a checkout: WPT=/path/to/wpt
.PHONY: conformance
conformance: tools-build tools-browsers pkg/package.json
	npm --prefix tests/conformance ci --ignore-scripts --no-audit --no-fund
	node tests/conformance/run.mjs

## make storm            100,000 clients lose their server at once: ours and the policies of others, natively
.PHONY: storm
storm:
	cargo run --release --example storm -- --plot docs/storm.svg

## make bench            event streams and sockets in Chromium and the parser, against native and peers (on a quiet machine)
.PHONY: bench
bench: tools-build tools-browsers package
	npm --prefix tests/bench ci --ignore-scripts --no-audit --no-fund
	node tests/bench/sse.mjs
	node tests/bench/sockets.mjs
	node tests/bench/parser.mjs
	node tests/bench/json.mjs
	cargo bench --bench parser

## make wasm-pack-test   the browser tests by `wasm-pack test --headless`, as a user of wasm-pack would run them
.PHONY: wasm-pack-test
wasm-pack-test: tools-build tools-browsers fixture
	@scripts/tools.sh wasm-pack
	WASM_BINDGEN_TEST_NO_ORIGIN_ISOLATION=1 WASM_BINDGEN_TEST_TIMEOUT=300 scripts/with-fixture.sh wasm-pack-chrome \
		wasm-pack test --headless --chrome --chromedriver "$$(command -v chromedriver)"
	WASM_BINDGEN_TEST_NO_ORIGIN_ISOLATION=1 WASM_BINDGEN_TEST_TIMEOUT=300 scripts/with-fixture.sh wasm-pack-firefox \
		wasm-pack test --headless --firefox --geckodriver "$$(command -v geckodriver)"

## make clean            remove everything that was built
.PHONY: clean
clean:
	rm -rf pkg site artifacts node_modules
	cargo clean

.PHONY: fixture
fixture:
	cargo build -p server-fixture --bin everwire-fixture

.PHONY: tools-build tools-browsers tools-docs
tools-build:
	@scripts/tools.sh build
tools-browsers:
	@scripts/tools.sh browsers
tools-docs:
	@scripts/tools.sh docs

.PHONY: help
help:
	@sed -n 's/^## //p; s/^##\(  \)/\1/p' $(MAKEFILE_LIST)
