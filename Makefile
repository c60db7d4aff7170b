# make demo    install, run the whole pipeline on the synthetic sample, print where the report and the Gephi file are
# make test    install, lint, type-check, run every test
# make bench   install, measure every stage and its competitors at 20,000 to 500,000 works into tests/studies/benchmarks/RESULTS.md (hours)

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
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder

bench: $(VENV)/installed
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[bench]'
	$(BIN)/python -m tests.studies.benchmarks

clean:
	rm -rf $(VENV) cache/*/ reports/*/
