# Falcon on one page: `make run` starts it, `make test` proves it. A machine needs bash, make, git and Node.js 20 or newer with npm.
SHELL := bash
.DEFAULT_GOAL := help
.PHONY: help setup build run check test chaos restarts bench train-model check-health check-metrics clean distclean

NODE := scripts/with-node.sh
ARGS ?=

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## fetch Node.js (when the machine's is too old) and the packages
	@scripts/setup.sh

build: ## setup, then compile what changed
	@scripts/setup.sh --build

run: build ## start Falcon; settings come from the environment: PORT=8100 make run
	@exec $(NODE) node --max-semi-space-size=16 dist/apps/api/src/main.js

check: ## format, lint, import rules, types, unit tests
	@scripts/setup.sh --build --tests
	@$(NODE) npm run --silent check

test: check ## everything: check, then the end-to-end tests
	@$(NODE) npm run --silent test:e2e

chaos: ## the fault suite in its long form: 300 kills, Postgres away for five minutes; about half an hour
	@scripts/setup.sh --build --tests
	@$(NODE) npm run --silent chaos

restarts: ## 20 restarts by SIGTERM behind a load balancer in 50,000 requests, with the drain delay of 5 s; about three minutes
	@scripts/setup.sh --build --tests
	@$(NODE) npm run --silent restarts

bench: build ## measure Falcon against its reference servers: make bench ARGS=--quick
	@$(NODE) npm run --silent bench -- $(ARGS)

train-model: build ## train a model: make train-model ARGS='--help'
	@$(NODE) node dist/apps/cli/src/main.js train $(ARGS)

check-health: build ## what is wrong with a running Falcon, and which section of docs/RUNBOOK.md helps: make check-health ARGS='--url http://host:8000'
	@$(NODE) node dist/apps/cli/src/main.js check-health $(ARGS)

check-metrics: ## what matters most of its metrics, checked by promtool where there is one: make check-metrics ARGS=http://host:8000
	@scripts/check-metrics.sh $(ARGS)

drill-list: build ## the drills: faults that are injected, noticed by an alert, and mended as docs/RUNBOOK.md says; make drill-NAME runs one
	@$(NODE) node dist/scripts/drills/main.js list

drill-all: ## all drills one after the other, about five minutes; ARGS='--stack compose' takes the stack of make up
	@scripts/setup.sh --build --tests
	@$(NODE) node dist/scripts/drills/main.js run all $(ARGS)

drill-%:
	@scripts/setup.sh --build --tests
	@$(NODE) node dist/scripts/drills/main.js run $* $(ARGS)

failure-inject-kill-worker: inject-worker-down ## kill a server, watch what callers and alerts see, and mend it; the same options
failure-inject-redis-down: inject-redis-down ## take the Redis of the cache away for a while
failure-inject-postgres-slow: inject-postgres-slow ## hold locks that make Postgres slow
failure-inject-cpu-spike: inject-cpu-spike ## leave a server little of its CPU
failure-inject-memory-growth: inject-memory-growth ## let a server leak memory with each request

inject-%:
	@scripts/setup.sh --build --tests
	@$(NODE) node dist/scripts/drills/main.js inject $* $(ARGS)

clean: ## remove what was built and measured
	rm -rf dist coverage .cache bench/results

distclean: clean ## remove what was fetched, too
	rm -rf node_modules .node .tools
