"""Call QA: recordings in, explained and repeatable scorecards out, all on the firm's own machine."""

__version__ = "0.1.0"
