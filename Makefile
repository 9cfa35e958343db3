# The commands a newcomer needs: `make demo` and `make test`. They work from any folder: make -C path/to/quittance demo
ROOT := $(dir $(abspath $(lastword $(MAKEFILE_LIST))))
CARGO := cd "$(ROOT)" && cargo
DEMO_DIR ?= $(ROOT)demo

.PHONY: demo test check fmt lint policy docs packages test-packages help

help: ## Show this list
	@grep -hE '^[a-z-]+:.*##' "$(lastword $(MAKEFILE_LIST))" | sed 's/:.*## /\t/' | expand -t 16

demo: packages ## Build, make a small book, reconcile it, and serve its queue until Ctrl-C (SERVE=0 ends before that)
	@$(CARGO) build --locked --bin quittance
	@"$(ROOT)target/debug/quittance" demo --dir "$(DEMO_DIR)" $(if $(filter 0,$(SERVE)),,--serve)

test: test-packages ## Run every test
	@if command -v cargo-nextest >/dev/null; then \
		$(CARGO) nextest run --locked --workspace --no-fail-fast; \
	else \
		$(CARGO) test --locked --workspace --no-fail-fast; \
	fi

check: test-packages fmt lint policy docs test ## What continuous integration runs: format, lints, dependency policy, docs, tests

fmt: ## Check the format
	@$(CARGO) fmt --all --check

lint: test-packages ## Lints, with warnings denied
	@$(CARGO) clippy --locked --workspace --all-targets -- -D warnings

policy: ## Licences, bans and sources of dependencies
	@"$(ROOT)scripts/dependency-policy"

docs: packages ## Build the API documentation, with warnings denied
	@cd "$(ROOT)" && RUSTDOCFLAGS="-D warnings -A rustdoc::private_intra_doc_links" cargo doc --locked --workspace --no-deps --document-private-items

packages:
	@"$(ROOT)scripts/system-packages"

test-packages:
	@"$(ROOT)scripts/system-packages" tests
