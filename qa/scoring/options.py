"""What scoring can be told, apart from the form.

Conventions: frozen, keyword-only; probabilities and shares in [0, 1], times in seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import RootModel

from qa.settings import Settings
from qa.yaml_file import load_model

ADVICE_ONLY = "advice-only.yaml"


class BehaviourWords(RootModel[dict[str, str]]):
    """Behaviour id to how it is called within a sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How sure the program must be, and when it gives no total.

    Attributes
    ----------
    min_probability : float
        A finding below it is kept but answers nothing by itself.
    uncertain_band : tuple of float
        Lowest and highest probability between which an answer is ``uncertain``. About one in three wrong is
        the most that a person would call "sure enough"; the default is that and its mirror image.
    min_measured_share : float
        No total where less of the weight that applies could be answered.
    min_call_s : float
        Shorter calls are not scored.
    samples : int
        Worlds drawn for the range.
    range_share : float
        How often the range should hold the true score.
    recall : mapping of str to float
        Per behaviour, the share of true occurrences that the detectors find (their report card). Lets the
        range know of what was not found; 1 where not given.
    words_doubt_weight : float
        How much of the recogniser's doubt becomes doubt of a finding. A behaviour usually survives a misheard
        word, since several words carry it; half is the compromise between none and every one.
    advice_only : mapping of str to str
        Behaviours that take no part in any score, and why, as a sentence: people overturned too many of their
        findings. They are still found and shown.
    words : mapping of str to str
        How each behaviour is called within a sentence, for the reasons of answers.
    """

    min_probability: float = 0.5
    uncertain_band: tuple[float, float] = (0.35, 0.65)
    min_measured_share: float = 0.5
    min_call_s: float = 20.0
    samples: int = 2000
    range_share: float = 0.90
    recall: Mapping[str, float] = field(default_factory=dict)
    words_doubt_weight: float = 0.5
    advice_only: Mapping[str, str] = field(default_factory=dict)
    words: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        low, high = self.uncertain_band
        if not 0 <= low <= high <= 1:
            raise ValueError(f"uncertain_band must rise within 0 to 1, got {self.uncertain_band}")
        if not 0 < self.range_share < 1:
            raise ValueError(f"range_share must lie between 0 and 1, got {self.range_share}")
        if self.samples < 1:
            raise ValueError(f"samples must be at least 1, got {self.samples}")

    @classmethod
    def from_settings(cls, settings: Settings) -> Options:
        """What the settings say, the words for behaviours in ``data/settings/behaviour_words.yaml``, and the
        behaviours that are advice only in ``QA_HOME/advice-only.yaml`` (written by ``qa review overturns``).

        Raises
        ------
        SettingsError
            One of the files is there but can't be read.
        """
        advice = settings.home / ADVICE_ONLY
        words = settings.data / "settings" / "behaviour_words.yaml"
        return cls(
            words=load_model(words, BehaviourWords).root if words.is_file() else {},
            advice_only=load_model(advice, BehaviourWords).root if advice.is_file() else {},
            min_probability=settings.min_probability,
            min_measured_share=settings.min_measured_share,
            min_call_s=settings.min_call_s,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A person's answer to one criterion, which stands in place of the program's.

    ``share`` of the points, in [0, 1]; None: the criterion does not apply to this call.
    """

    criterion: str
    share: float | None
    by: str
    note: str = ""
