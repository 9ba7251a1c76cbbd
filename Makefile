# make demo    set everything up and run the main job on the embedded estate
# make test    set everything up and pass the tests
# make soak    the heavier tests
# make lab     bring the real estate up and run against it (root, Debian 12)
# make check   lint, format and types; make fix mends what can be mended
# make bench   the benchmarks
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
LAB_CAN_BE := [ "$$(id -u)" = 0 ] && grep -qsx 'VERSION_CODENAME=bookworm' /etc/os-release

.PHONY: demo test soak lab lab-down check fix bench constraints clean

demo: $(READY)
	$(BIN)/python -m tests.demo

# The lab's packages come first, where there can be a lab; elsewhere its tests say why they skip.
# Much of it waits for hosts, so it goes in parts side by side, the output of all but the last one after that.
PYTEST := $(BIN)/python -m pytest -p no:cacheprovider
LAB := tests/lab tests/files tests/main_job/test_on_the_lab.py
LONG := tests/main_job/test_on_clusters.py tests/main_job/test_windows_edges.py tests/probes/test_guard.py
JOBS := tests/main_job --ignore=tests/main_job/test_on_the_lab.py $(addprefix --ignore=,$(LONG))
PROBES := tests/probes tests/configs $(addprefix --ignore=,$(LONG))
GATE := tests/gate tests/benchmarks $(wildcard tests/test_*.py)
SOAK := tests/additions tests/soak $(LONG)
REST := tests $(addprefix --ignore=,$(filter tests/%,$(LAB) $(JOBS) $(PROBES) $(GATE) $(SOAK)))
test: $(READY)
	if $(LAB_CAN_BE); then $(BIN)/python -m tests.lab prepare; fi
	@said=$$(mktemp -d); jobs=; \
	for part in '$(LAB)' '$(JOBS)' '$(PROBES)' '$(GATE)'; do \
		$(PYTEST) $$part >$$said/$${#jobs} 2>&1 & jobs="$$jobs $$!"; \
	done; \
	$(PYTEST) $(REST); failed=$$?; \
	for job in $$jobs; do wait $$job || failed=1; done; \
	cat $$said/*; rm -r $$said; exit $$failed

soak: $(READY)
	$(PYTEST) $(SOAK)

lab: $(READY)
	$(BIN)/python -m tests.lab up --state /tmp/readiness-lab
	$(BIN)/readiness run "$$($(BIN)/python -m tests.lab estate --state /tmp/readiness-lab)"

lab-down: $(READY)
	$(BIN)/python -m tests.lab down --state /tmp/readiness-lab

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

fix: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

$(READY): pyproject.toml requirements-dev.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

bench: $(READY)
	$(BIN)/python -m tests.benchmarks

# Exact versions, without any index address: with hashes for development, and for `pip install -c` those of the program
# alone, without, since pip then wants a hash of the wheel as well. Needs uv.
PINNED := uv pip compile --quiet --python-version 3.11 --universal --no-emit-index-url --no-header --upgrade
constraints:
	$(PINNED) --generate-hashes --all-extras pyproject.toml -o requirements-dev.txt
	$(PINNED) --no-annotate -c requirements-dev.txt pyproject.toml -o constraints.txt

clean:
	rm -rf .venv dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis
