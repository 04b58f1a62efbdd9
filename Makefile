# Everything here starts from a machine with Python 3.11+, make and the network: the environment makes itself.
PYTHON ?= python3
BIN := .venv/bin
RUN := $(BIN)/python
BOOTSTRAP := $(PYTHON) tools/bootstrap.py
TESTING := --group dev --group counterpart
# The tests wait for real servers about a third of their time: three of them keep two cores busy.
WORKERS ?= 3
# Where Python is told to keep nothing it has compiled, every process compiles Airflow and SQLAlchemy anew.
unexport PYTHONDONTWRITEBYTECODE
SEEDS ?= 1000

.DEFAULT_GOAL := help
.PHONY: help demo test test-celery check up down bench drill proof format clean ready ready-to-test

help:  ## this list
	@sed -n 's/^\([a-z][a-z-]*\):[^#]*## /\1\t/p' $(MAKEFILE_LIST) | while IFS="$$(printf '\t')" read -r name what; do \
	  printf '  make %-11s %s\n' "$$name" "$$what"; done

demo: ready  ## a small company's story through the whole hub, Airflow and a real ERP included; cleans up after itself
	@$(RUN) -m baton.sandbox.demo

up: ready  ## the demo, left running: says where to look and how to log in
	@$(RUN) -m baton.sandbox.demo --keep

down: ready  ## end what `make up` left running
	@$(RUN) -m baton.sandbox.demo --stop

test: ready-to-test  ## every test, real servers included
	@$(RUN) -m pytest -n $(WORKERS) --no-loadscope-reorder

test-celery: ready-to-test  ## docker-compose.yml's own commands natively: 2 and 4 Celery workers, one killed in the middle
	@$(RUN) -m tests.deployment $(ARGS)

check: ready-to-test  ## style, types, who may import whom, the lock file, the documents; the parsers fuzzed
	@$(RUN) tools/check.py $(ARGS)

bench: ready-to-test  ## figures as ratios against named baselines, all from one run, and docs/benchmarks.md (to try it: make bench ARGS=--quick)
	@$(RUN) -m tests.bench --page docs/benchmarks.md $(ARGS)

drill: ready  ## a backup restored beside a newer world: what was done since is found, nothing is repeated (ARGS=--json)
	@$(RUN) -m baton.sandbox.drill $(ARGS)

proof: ready-to-test  ## the long campaigns: all four jobs on one store (SEEDS=1000), simulation, kill -9, the gate, migration, handovers, pay, the log, webhooks, the drill, fuzzing, the API (ARGS=--without-them: though something they need is missing)
	$(RUN) -m tests.rig.complete $(ARGS)
	$(RUN) -m tests.world --seeds $(SEEDS) --planted
	$(RUN) -m tests.simulation --seeds 20 --deliveries 10000
	$(RUN) -m tests.crash
	BATON_EVERY_STATE=1 $(RUN) -m pytest -q tests/airflow -k cleared
	$(RUN) -m tests.gate
	$(RUN) -m tests.migration
	$(RUN) -m tests.offboarding
	$(RUN) -m tests.payment
	$(RUN) -m tests.audit
	$(RUN) -m tests.webhooks
	$(RUN) -m baton.sandbox.drill
	$(RUN) -m tests.fuzz --seconds 600
	$(RUN) -m tests.api --examples 200
	BATON_EXAMPLES=20 $(RUN) -m pytest -q $$(grep -rl --include='test_*.py' hypothesis tests)

format: ready-to-test  ## let ruff lay the code out
	@$(BIN)/ruff check --fix-only --quiet . ; $(BIN)/ruff format .

clean:  ## remove what can be made again; never state/ or secrets/
	rm -rf .venv .uv .servers .demo build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .fuzz .import_linter_cache
	find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +

ready:
	@$(BOOTSTRAP)

ready-to-test:
	@$(BOOTSTRAP) $(TESTING)
