# Two commands for a newcomer: `make run` and `make test`. The rest is in `make help`.
# What each one does is a script with a plain name in scripts/.

SHELL := /bin/bash
# Queries are checked against .sqlx: a build needs no database.
export SQLX_OFFLINE := true

TARGET := $(or $(CARGO_TARGET_DIR),target)
RUN_PACKAGES := postgresql espeak-ng gcc libc6-dev
# Real phones, a browser and a ruler for sound: what they measure is NOT RUN without them.
TEST_PACKAGES := sip-tester kamailio baresip-core chromium sox fonts-noto-cjk iproute2 unixodbc odbc-postgresql tshark

.DEFAULT_GOAL := help
.PHONY: help run page build test sqlx sqlx-check features bench torture fuzz package try-package clean

help: ## This list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 22

run: build ## Build, start the demo hospital, print its address, login and password
	$(TARGET)/release/suifang demo --dir demo

build: page ## The release binary, with the page inside
	@scripts/debian-packages $(RUN_PACKAGES)
	cargo build --release --locked

page:
	@scripts/page build

test: ## Every check and every test; closes with `N passed, N failed`
	@scripts/debian-packages $(RUN_PACKAGES)
	@scripts/debian-packages --wanted $(TEST_PACKAGES)
	@scripts/test

sqlx: ## Write .sqlx anew, after a query or a migration has changed
	@scripts/sqlx write

sqlx-check: ## Is .sqlx as the queries and the migrations say? (part of `make test`)
	@scripts/sqlx check

features: ## docs/features.md: which test proves which row of the feature list
	@scripts/features write

bench: ## Measure (on a quiet machine)
	@scripts/bench

torture: ## Kills, soaks and many seeds: an hour; a sample of it is in `make test`
	@scripts/torture

fuzz: ## Throw bytes at the parsers (needs cargo-fuzz), SUIFANG_FUZZ_S seconds a target
	@scripts/fuzz

package: ## A .deb and a tarball in packages/, for machines without a network
	@scripts/debian-packages $(RUN_PACKAGES) dpkg-dev
	@scripts/page build
	cargo build --release --locked
	@scripts/package $(TARGET)/release/suifang

try-package: ## Install, run, upgrade, remove that .deb on a copy of this machine, offline (root)
	@scripts/try-package $$(ls -t packages/*.deb | head -1)

clean: ## Remove what was built; the demo's data stays (it is in demo/)
	cargo clean
	rm -rf web/dist web/node_modules packages
