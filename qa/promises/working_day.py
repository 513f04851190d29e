"""What "two working days" means at this firm: its days and holidays, of ``data/settings/working_day.yaml``."""

from __future__ import annotations

from datetime import date, time
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from qa.promises.due import WorkingDay
from qa.yaml_file import load_model

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _clock(value: object) -> object:
    """YAML takes an unquoted 17:30 for a number of minutes, as it did for sexagesimal numbers."""
    return time(*divmod(value, 60)) if isinstance(value, int) and 0 <= value < 24 * 60 else value


Clock = Annotated[time, BeforeValidator(_clock)]


class WorkingDayFile(BaseModel):
    """The file's keys; what is left out is as usual: Monday to Friday, 9:00 to 17:30, no holidays."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    opens: Clock = WorkingDay().opens
    closes: Clock = WorkingDay().closes
    days: tuple[Day, ...] = Field(_DAYS[:5], min_length=1)
    holidays: tuple[date, ...] = ()

    @model_validator(mode="after")
    def _opens_before_it_closes(self) -> WorkingDayFile:
        if self.closes <= self.opens:
            raise ValueError("the day closes before it opens; correct 'opens' or 'closes'")
        return self


def load_working_day(data: Path) -> WorkingDay:
    """The firm's working day; ``data`` is the folder of settings and cards. The usual one where no file is there.

    Raises
    ------
    SettingsError
        The file is wrong; the message gives the line.
    """
    path = data / "settings" / "working_day.yaml"
    if not path.is_file():
        return WorkingDay()
    said = load_model(path, WorkingDayFile)
    return WorkingDay(
        opens=said.opens,
        closes=said.closes,
        days=frozenset(_DAYS.index(day) for day in said.days),
        holidays=frozenset(said.holidays),
    )
