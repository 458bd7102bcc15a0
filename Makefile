# Two commands do everything: `make run` and `make test`. The other targets are their parts.
PYTHON ?= python3
V := .venv/bin
PROMPTS := var/prompts

.PHONY: run test setup setup-test check format lint types layers fast test-compiled compile bench soak lock

run: setup prompts compile
	$(V)/chakka run

test: setup-test prompts lint types layers
	$(V)/pytest -n 2 --dist loadgroup
	@$(MAKE) --no-print-directory test-compiled

setup: .venv/runtime
setup-test: .venv/runtime .venv/tests
	@scripts/system-packages sip-tester baresip sox postgresql poppler-utils chromium

.venv/runtime: requirements.lock requirements-speech.lock pyproject.toml
	@scripts/system-packages python3-venv libpangoft2-1.0-0 libharfbuzz-subset0 fonts-morisawa-bizud-gothic
	$(PYTHON) -m venv .venv
	$(V)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
	$(V)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements-speech.lock
	@site=$$($(V)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))'); echo "$(CURDIR)/src" > "$$site/chakka.pth"
	@printf '#!%s\nimport sys\nfrom chakka.cli.main import main\nsys.exit(main())\n' "$(CURDIR)/$(V)/python" > $(V)/chakka && chmod +x $(V)/chakka
	@touch $@

.venv/tests: .venv/runtime requirements-dev.lock
	$(V)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements-dev.lock
	@touch $@

.PHONY: prompts
prompts: .venv/runtime
	@$(V)/python -m chakka.media.speech $(PROMPTS) --if-missing

# The call plane's hot modules as C (ARCHITECTURE.md, "Compiled"). Without a compiler, or if it fails, chakka
# says so and runs as it is.
compile: .venv/build
	@$(V)/python scripts/compile-hot || true

.venv/build: .venv/runtime requirements-build.lock
	@command -v gcc >/dev/null || scripts/system-packages build-essential
	@$(V)/python -c 'import os, sys, sysconfig; sys.exit(not os.path.exists(sysconfig.get_path("include") + "/Python.h"))' \
	  || scripts/system-packages python3-dev
	$(V)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements-build.lock
	@touch $@

# The same tests on what `make run` runs.
test-compiled: setup-test prompts .venv/build
	@$(V)/python scripts/compile-hot; case $$? in \
	  0) PYTHONPATH=build/fast $(V)/pytest -n 2 --dist loadgroup tests/sip tests/callplane tests/peers/test_peers_connecting.py;; \
	  3) echo "SKIPPED: the compiled call plane is not tested";; \
	  *) exit 1;; esac

# What every commit keeps green; under two minutes.
check: .venv/tests lint types layers fast

format: .venv/tests
	$(V)/ruff format src tests bench
	$(V)/ruff check --fix src tests bench

lint: .venv/tests
	$(V)/ruff format --check src tests bench
	$(V)/ruff check src tests bench

types: .venv/tests
	$(V)/mypy

layers: .venv/tests
	$(V)/lint-imports --no-logo

fast: .venv/tests
	$(V)/pytest -m "not peer and not slow" -n 2

bench: .venv/tests .venv/bench prompts compile
	@for file in bench/*.py; do echo "== $$file"; $(V)/python $$file || exit 1; done

.venv/bench: .venv/runtime bench/requirements.lock
	@scripts/system-packages sip-tester
	$(V)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r bench/requirements.lock
	@touch $@

# Looks for hours: a million calls from record to invoice, random input many times over, and mutants of
# charging and invoicing (docs/mutation.md), each file for so many minutes.
MINUTES ?= 10
soak: setup-test .venv/soak
	CHAKKA_SOAK_CALLS=1000000 $(V)/pytest -n 0 --timeout 7200 tests/money
	$(V)/pytest -n 2 --dist loadgroup --timeout 3600 --hypothesis-profile=soak tests/charging tests/invoicing tests/records tests/ingest
	$(V)/python scripts/soak-mutants --minutes $(MINUTES)

.venv/soak: .venv/tests requirements-soak.lock
	$(V)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements-soak.lock
	@touch $@

# Writes the lock files anew; needs uv.
lock:
	for name in requirements requirements-speech requirements-dev requirements-build requirements-soak bench/requirements; do \
	  uv pip compile --quiet --generate-hashes --no-header --no-annotate --universal --python-version 3.11 $$name.in -o $$name.lock || exit 1; \
	done
