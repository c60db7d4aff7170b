# make demo    install, run the whole pipeline on the synthetic sample, print where the report and the Gephi file are
# make test    install, lint, type-check, run every test
# make bench   install, time the stages (never part of the tests)

VENV ?= .venv
PYTHON ?= python3
BIN = $(VENV)/bin

.PHONY: demo test bench clean

$(VENV)/installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[test]'
	touch $@

demo: $(VENV)/installed
	$(BIN)/coauth rebuild --sample

test: $(VENV)/installed
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pytest -n 2 --dist loadgroup

bench: $(VENV)/installed
	$(BIN)/python -m tests.bench

clean:
	rm -rf $(VENV) cache/*/ reports/*/
