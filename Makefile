# The few verbs people use. The first use of any of them sets up .venv (tools/bootstrap.py says what it does).

PYTHON ?= python3
POLYGLOT = .venv/bin/polyglot

# Compiled once, not in every process: without this, half of the time to collect the tests is compiling them.
unexport PYTHONDONTWRITEBYTECODE

# One more than there are cores, because tests wait for servers and processes, too; at most 8.
WORKERS = $(shell n=$$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2); echo $$((n < 8 ? n + 1 : 8)))

.PHONY: demo test chaos dev serve lint docs lock audit bench

demo:  ## the whole lake on the sample seeds and the embedded teacher
	@$(PYTHON) tools/bootstrap.py
	@$(POLYGLOT) demo

test:  ## the whole test suite: what may share the cores, then what must have them alone
	@$(PYTHON) tools/bootstrap.py --dev
	@.venv/bin/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder -m "not alone"
	@.venv/bin/python -m pytest -n 3 --dist loadfile -m alone tests/chaos tests/deletion

chaos:  ## everything that can go wrong goes wrong, for minutes, with a table at the end
	@$(PYTHON) tools/bootstrap.py --dev
	@.venv/bin/python -m pytest tests/chaos --chaos long --chaos-table docs/reliability.json

dev:  ## the Dagster UI on http://127.0.0.1:3000
	@$(PYTHON) tools/bootstrap.py
	@$(POLYGLOT) dev

serve:  ## the embedded teacher as an OpenAI-compatible server on http://127.0.0.1:8000/v1
	@$(PYTHON) tools/bootstrap.py
	@$(POLYGLOT) serve-teacher

lint:  ## style, types, and the floors of the house
	@$(PYTHON) tools/bootstrap.py --dev
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports --no-cache

docs:  ## the documentation, into site/
	@$(PYTHON) tools/bootstrap.py --dev
	@NO_MKDOCS_2_WARNING=1 .venv/bin/mkdocs build --strict --quiet
	@echo site/index.html

lock:  ## the hashes of the pinned packages, after a change of the constraints
	@grep -hv '^torch==' constraints.txt constraints-dev.txt | uv pip compile - --quiet --no-deps --no-header --no-annotate \
		--universal --python-version 3.11 --generate-hashes --output-file constraints-hashes.txt

audit:  ## known vulnerabilities of the pinned packages, where the index tells them
	@$(PYTHON) tools/bootstrap.py --dev
	@PATH="$$PATH:.venv/bin" uvx pip-audit --disable-pip --no-deps --requirement constraints-hashes.txt

bench:  ## every benchmark, each printing ratios of one run; what they measure goes into the documentation
	@$(PYTHON) tools/bootstrap.py --dev
	@for script in $(filter-out benchmarks/promises.py,$(wildcard benchmarks/*.py)); do \
		MEASUREMENTS=docs/measurements.json .venv/bin/python $$script || exit 1; done
