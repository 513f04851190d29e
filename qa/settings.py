"""Settings: ``qa.toml``, then ``QA_*`` variables, then flags, in rising order.

Conventions: units stand in the names. A threshold that decides something about a person carries its source
as a comment or lives in a behaviour card. Paths are resolved against the current folder.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from qa.errors import SettingsError


def _project_root() -> Path:
    """The folder that holds ``data/`` and ``models/``: beside the package, in a checkout."""
    return Path(__file__).resolve().parent.parent


class Settings(BaseSettings):
    """Everything that can be set. Unknown keys in ``qa.toml`` are refused."""

    model_config = SettingsConfigDict(env_prefix="QA_", extra="forbid", frozen=True)

    home: Path = Field(Path("qa-home"), description="where the database and the recordings live")
    data: Path = Field(
        default_factory=lambda: _project_root() / "data", description="cards, forms, labels, demo"
    )
    models: Path = Field(default_factory=lambda: _project_root() / "models", description="trained artefacts")
    database_url: str | None = Field(None, description="SQLAlchemy URL; default: SQLite at QA_HOME/qa.db")
    model: str | None = Field(None, description="speech model: a name or a directory")
    form: str = Field("default", description="the form used where no queue says otherwise")
    device: Literal["auto", "cpu", "cuda"] = Field("auto", description="where the speech model runs")
    cpu_threads: int = Field(0, ge=0, description="threads per process; 0: all cores")
    min_probability: float = Field(
        0.5, ge=0, le=1, description="a finding below it is kept but answers nothing"
    )
    min_measured_share: float = Field(
        0.5, ge=0, le=1, description="share of the form's weight that must be measured for a total"
    )
    min_call_s: float = Field(20.0, ge=0, description="shorter calls are not scored")
    min_calls_to_compare: int = Field(5, ge=1, description="fewer calls give no comparison of agents")
    metadata: Path | None = Field(None, description="table (CSV, XLSX) of agents, start times and the like")
    agent_channel: int | None = Field(None, ge=0, description="0 or 1; none: found out per recording")

    @property
    def database(self) -> str:
        return self.database_url or f"sqlite:///{(self.home / 'qa.db').as_posix()}"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        toml = TomlConfigSettingsSource(settings_cls, Path(os.environ.get("QA_CONFIG", "qa.toml")))
        return init_settings, env_settings, toml


def load_settings(**flags: Any) -> Settings:
    """Settings of this run; flags that are None count as not given.

    Raises
    ------
    SettingsError
        A value that can't be used; the message names the key and says what is wrong with it.
    """
    given = {key: value for key, value in flags.items() if value is not None}
    try:
        return Settings(**given)
    except ValidationError as err:
        first = err.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise SettingsError(
            f"setting '{key}': {first['msg']}; correct it in qa.toml, QA_{key.upper()} or the flag"
        ) from err
