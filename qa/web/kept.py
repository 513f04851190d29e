"""What was computed from many calls, kept until a call changes; what took long a little longer.

Conventions: a key holds everything that the value depends on, the principal too wherever the value is what somebody
may see. A value is good as long as the store's revision is the same. Where it changed, a value that took long to
compute is still shown for ``PATIENCE`` times as long as that took, so that a firm whose calls come in every second does
not wait for its figures at every click; what takes less than ``QUICK_S`` is always of this moment.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from threading import Lock, RLock
from typing import Generic, TypeVar

T = TypeVar("T")

QUICK_S = 0.3
PATIENCE = 30.0
MOST = 64


@dataclass(frozen=True, slots=True)
class _Entry(Generic[T]):
    value: T
    revision: Hashable
    at_s: float
    cost_s: float


class Kept(Generic[T]):
    """A bounded number of values by key, each computed by one visitor while the others wait for it."""

    def __init__(self, *, most: int = MOST, clock: Callable[[], float] = time.monotonic) -> None:
        self.most = most
        self.clock = clock
        self._entries: OrderedDict[Hashable, _Entry[T]] = OrderedDict()
        self._making: dict[Hashable, RLock] = {}
        self._lock = Lock()

    def get(self, key: Hashable, revision: Hashable, compute: Callable[[], T]) -> T:
        """The value of ``key``, computed where there is none that is good at this revision."""
        found = self._found(key, revision)
        if found is not None:
            return found.value
        with self._lock:
            making = self._making.setdefault(key, RLock())
        with making:
            found = self._found(key, revision)  # somebody else may have made it meanwhile
            if found is None:
                began = self.clock()
                value = compute()
                found = _Entry(value, revision, self.clock(), self.clock() - began)
                self._keep(key, found)
        return found.value

    def _found(self, key: Hashable, revision: Hashable) -> _Entry[T] | None:
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                return None
            self._entries.move_to_end(key)
        waits_s = PATIENCE * entry.cost_s if entry.cost_s > QUICK_S else 0.0
        good = entry.revision == revision or self.clock() - entry.at_s < waits_s
        return entry if good else None

    def _keep(self, key: Hashable, entry: _Entry[T]) -> None:
        with self._lock:
            self._entries[key] = entry
            self._entries.move_to_end(key)
            while len(self._entries) > self.most:
                old, _ = self._entries.popitem(last=False)
                self._making.pop(old, None)
