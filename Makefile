# Needs Python 3.11 or newer, make and a network. `make demo` shows the product, `make test` is the whole check.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test install dev clean

$(VENV)/demo.stamp: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(VENV)/dev.stamp: $(VENV)/demo.stamp
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@

install: $(VENV)/demo.stamp

dev: $(VENV)/dev.stamp

demo: $(VENV)/demo.stamp
	rm -rf demo
	$(BIN)/auditor replay examples/logs --config examples/auditor.yaml --now 2026-01-15 \
		--out demo/run --report html=demo/report.html --report md=demo/report.md \
		|| test $$? -eq 1  # 1 means findings, and the example has some
	@test -s demo/report.html
	@echo "The report is in demo/report.html: open it in a browser."

test: $(VENV)/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/auditor policy check
	$(BIN)/auditor policy test
	$(BIN)/pytest

clean:
	rm -rf $(VENV) demo
