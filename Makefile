# Two commands do everything: `make run` and `make test`. The others are their parts.
PYTHON ?= python3
V := .venv/bin

.PHONY: check format lint types layers fast
check: lint types layers fast

format:
	$(V)/ruff format src tests bench
	$(V)/ruff check --fix src tests bench

lint:
	$(V)/ruff format --check src tests bench
	$(V)/ruff check src tests bench

types:
	$(V)/mypy

layers:
	$(V)/lint-imports --no-logo

fast:
	$(V)/pytest -m "not peer and not slow" -n 2
