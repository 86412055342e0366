# Falcon on one page: `make run` starts it, `make test` proves it. A machine needs bash, make, git and Node.js 20 or newer with npm; `make demo` and `make check-metrics` want curl, too.
SHELL := bash
.DEFAULT_GOAL := help
.PHONY: help setup build run demo check test chaos restarts bench load-test-baseline load-test-stress load-test-spike load-test-soak load-test-all \
	train-model up down logs rollback check-health check-metrics db-migrate db-shell redis-cli drill-list drill-all failure-inject-kill-worker failure-inject-redis-down \
	failure-inject-postgres-slow failure-inject-cpu-spike failure-inject-memory-growth clean distclean

NODE := scripts/with-node.sh
ARGS ?=

help: ## show this list
	@awk -F ':.*## ' '/^##@ / { printf "\n%s\n", substr($$0, 5) } /^[a-z-]+:.*## / { printf "  make %-29s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

##@ Start here

setup: ## fetch Node.js (when the machine's is too old) and the packages
	@scripts/setup.sh

build: ## setup, then compile what changed
	@scripts/setup.sh --build

run: build ## start Falcon; settings come from the environment: PORT=8100 make run
	@exec $(NODE) node --use-largepages=silent --max-semi-space-size=16 dist/apps/api/src/main.js

demo: build ## a guided tour: an answer, a cache hit, an idempotency key, a degraded answer, the audit row; of a running server, whose breaker it opens: make demo URL=http://host:8000
	@exec $(NODE) scripts/demo.sh $(URL)

##@ Test
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

##@ Measure
bench: build ## measure Falcon against its reference servers: make bench ARGS=--quick
	@$(NODE) npm run --silent bench -- $(ARGS)

load-test-baseline: build ## 50 users for 5 minutes, against a server of its own or URL=http://host:8000; shorter: DURATION=30s
load-test-stress: build ## up to 500 users in 10 minutes
load-test-spike: build ## 10 users, then 300 within 10 seconds
load-test-soak: build ## 100 users for 10 minutes
load-test-baseline load-test-stress load-test-spike load-test-soak: load-test-%:
	@$(NODE) npm run --silent bench -- load-test $* $(if $(URL),--url $(URL)) $(if $(DURATION),--duration $(DURATION)) $(ARGS)

load-test-all: load-test-baseline load-test-stress load-test-spike load-test-soak ## one after the other

##@ Operate
train-model: build ## train a model: make train-model ARGS='--help'
	@$(NODE) node dist/apps/cli/src/main.js train $(ARGS)

up: ## bring up the compose stack: build the image, make secrets, replace what has changed, workers one by one (BUILD=0: with the image there is)
	@scripts/compose.sh up

down: ## stop the compose stack; what it keeps stays in its volumes
	@scripts/compose.sh down

logs: ## follow the logs of the compose stack: make logs ARGS='worker-1 nginx'
	@scripts/compose.sh logs --follow --tail 100 $(ARGS)

rollback: ## put the workers of the compose stack back to the image that ran before this one, one by one
	@scripts/compose.sh rollback

check-health: build ## what is wrong with a running Falcon, and which section of docs/RUNBOOK.md helps: make check-health ARGS='--url http://host:8000'
	@$(NODE) node dist/apps/cli/src/main.js check-health $(ARGS)

check-metrics: ## what matters most of its metrics, checked by promtool where there is one: make check-metrics ARGS=http://host:8000
	@scripts/check-metrics.sh $(ARGS)

db-migrate: build ## make the audit log's tables, or bring them up to date: in POSTGRES_URL, else the running compose stack, else DATA_DIR
	@exec $(NODE) scripts/db-migrate.sh

db-shell: ## psql on the audit log: POSTGRES_URL, else the running compose stack, else the Postgres that Falcon started; make db-shell ARGS='-c "SELECT 1"'
	@exec scripts/db-shell.sh $(ARGS)

redis-cli: ## redis-cli on the Redis of the cache, or of the queue: make redis-cli ARGS=queue
	@exec scripts/redis-cli.sh $(ARGS)

##@ Faults
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

##@ Tidy up
clean: ## remove what was built and measured
	rm -rf dist coverage .cache bench/results

distclean: clean ## remove what was fetched, too
	rm -rf node_modules .node .tools
