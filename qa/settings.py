"""Settings: ``qa.toml``, then ``QA_*`` variables, then flags, in rising order.

Conventions: units stand in the names. A threshold that decides something about a person carries its source
as a comment or lives in a behaviour card. Paths are resolved against the current folder.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from qa.errors import SettingsError
from qa.oidc import OidcSettings


def _project_root() -> Path:
    """The folder that holds ``data/`` and ``models/``: beside the package, in a checkout."""
    return Path(__file__).resolve().parent.parent


class Settings(BaseSettings):
    """Everything that can be set. Unknown keys in ``qa.toml`` are refused."""

    model_config = SettingsConfigDict(
        env_prefix="QA_", env_nested_delimiter="__", extra="forbid", frozen=True
    )

    home: Path = Field(Path("qa-home"), description="where the database and the recordings live")
    data: Path = Field(
        default_factory=lambda: _project_root() / "data", description="cards, forms, labels, demo"
    )
    models: Path = Field(default_factory=lambda: _project_root() / "models", description="trained artefacts")
    database_url: str | None = Field(None, description="SQLAlchemy URL; default: SQLite at QA_HOME/qa.db")
    model: str | None = Field(None, description="speech model: a name or a directory")
    form: str = Field("default", description="the form used where no queue says otherwise")
    device: Literal["auto", "cpu", "cuda"] = Field("auto", description="where the speech model runs")
    calls_at_once: int | None = Field(
        None,
        ge=1,
        le=64,
        description="calls a worker hears together; none: one on a processor, 8 on a GPU",
    )
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
    vox_rate_hz: int = Field(8000, ge=4000, le=48000, description="rate of Dialogic .vox files: 8000 or 6000")
    channels: tuple[int, ...] | None = Field(
        None,
        min_length=1,
        max_length=2,
        description="of recordings with more than two: those to use, such as [0, 2]; none: the two loudest",
    )
    dispute_open_days: int = Field(30, ge=1, description="how long after an evaluation it may be disputed")
    dispute_decide_days: int = Field(7, ge=1, description="how long a decision about a dispute may take")
    max_disputes: int = Field(2, ge=1, description="how often the same thing may be disputed")
    max_overturn_share: float = Field(
        0.3, gt=0, le=1, description="a behaviour overturned more often than this is advice only"
    )
    min_overturn_judged: int = Field(
        10, ge=1, description="fewer findings judged by people never make a behaviour advice only"
    )
    keep_recordings_days: int | None = Field(
        None, ge=1, description="`qa purge` removes older recordings; none: they are kept"
    )
    webhooks: tuple[str, ...] = Field((), description="addresses told of scores, auto-fails and disputes")
    webhook_secret: SecretStr | None = Field(None, description="signs what is sent to the webhooks")
    oidc: OidcSettings | None = Field(None, description="sign-in by the firm's identity provider")
    local_sign_in: bool = Field(True, description="whether a login and a password let somebody in")

    @field_validator("local_sign_in")
    @classmethod
    def _somebody_can_sign_in(cls, local: bool, info: ValidationInfo) -> bool:
        if not local and info.data.get("oidc") is None:
            raise ValueError("it is off and there is no [oidc], so nobody could sign in")
        return local

    @model_validator(mode="after")
    def _webhooks_are_signed(self) -> Settings:
        for url in self.webhooks:
            if not url.startswith(("https://", "http://")):
                raise ValueError(f"webhook {url!r} is no http(s) address")
        if self.webhooks and (
            self.webhook_secret is None or len(self.webhook_secret.get_secret_value()) < 16
        ):
            raise ValueError("webhooks need webhook_secret (16 characters or more) to be signed with")
        return self

    @property
    def database(self) -> str:
        return self.database_url or f"sqlite:///{(self.home / 'qa.db').as_posix()}"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003  (pydantic names them)
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
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
        key = ".".join(str(part) for part in first["loc"]) or "webhooks"
        variable = key.upper().replace(".", "__")
        raise SettingsError(
            f"setting '{key}': {first['msg']}; correct it in qa.toml, QA_{variable} or the flag"
        ) from err
