"""Placement: where workers run. The queue is the database; an engine only starts and watches workers."""

from qa.engines.local import Team, start_team

__all__ = ["Team", "start_team"]
