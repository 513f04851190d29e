# Two commands do everything: `make demo` and `make test`. Each sets itself up first.
PY ?= python3
V := .venv
BIN := $(V)/bin
SERVE ?= 1

.PHONY: install demo test check bench train evaluate screenshots demo-sound clean

install: $(V)/.ok

$(V)/.ok: pyproject.toml constraints.txt
	$(PY) -m venv $(V)
	$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e '.[test]'
	@touch $@

demo: $(V)/.ok
	$(BIN)/qa demo $(if $(filter 0,$(SERVE)),--no-serve,)

check: $(V)/.ok
	$(BIN)/ruff check qa tests app.py
	$(BIN)/ruff format --check qa tests app.py
	$(BIN)/mypy
	$(BIN)/lint-imports

test: $(V)/.ok check
	$(BIN)/python -m pytest -q -n 2 -m "not slow"

demo-sound: $(V)/.ok  # needs flite and espeak-ng; the recordings it makes are in the repository
	$(BIN)/python -m tools.make_demo
	$(BIN)/python -m tools.make_demo.history

clean:
	rm -rf $(V) build qa-home
