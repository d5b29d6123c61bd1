"""What a process is told from outside: by the environment (`STEPDOWN_…`) and by the options of its command."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from stepdown.errors import Wrong

DATA: Final = Path(".stepdown")
DEMO_DATA: Final = Path(".stepdown-demo")
PORT: Final = 8642
FEWEST_CONNECTIONS: Final = 2
"""Of a process: the follower keeps one."""


class Settings(BaseSettings):
    """All settings, each from the environment variable that its description names.

    URLs hold passwords: they are never printed.
    """

    model_config = SettingsConfigDict(env_prefix="STEPDOWN_", frozen=True, extra="ignore", hide_input_in_errors=True)

    data: Path = Field(DATA, description="STEPDOWN_DATA: folder of the embedded Postgres and of the keys")
    database_url: SecretStr | None = Field(
        None, description="STEPDOWN_DATABASE_URL: a Postgres of your own; without it the embedded one is used"
    )
    owner_url: SecretStr | None = Field(
        None, description="STEPDOWN_OWNER_URL: the owner of that database, for `stepdown migrate` alone"
    )
    backup_url: SecretStr | None = Field(
        None, description="STEPDOWN_BACKUP_URL: a login with REPLICATION, for `stepdown backup` of that database alone"
    )
    master_key_file: Path | None = Field(
        None, description="STEPDOWN_MASTER_KEY_FILE: the key of all charts' keys; in the data folder by default"
    )
    token_key_file: Path | None = Field(
        None, description="STEPDOWN_TOKEN_KEY_FILE: signs development tokens; in the data folder by default"
    )
    jwks: Path | None = Field(
        None, description="STEPDOWN_JWKS: public keys of the identity provider; without it, development tokens"
    )
    issuer: str | None = Field(None, description="STEPDOWN_ISSUER: the `iss` of the identity provider's tokens")
    audience: str = Field("urn:stepdown:api", description="STEPDOWN_AUDIENCE: the `aud` that its tokens must have")
    pool_size: int = Field(
        16,
        ge=FEWEST_CONNECTIONS,
        le=200,
        description="STEPDOWN_POOL_SIZE: connections of a process to the database",
    )
    workers: int = Field(1, ge=1, le=64, description="STEPDOWN_WORKERS: processes that answer requests")

    @property
    def master_key(self) -> Path:
        return self.master_key_file or self.data / "master.key"

    @property
    def token_key(self) -> Path:
        return self.token_key_file or self.data / "token.key"


def read_settings(data: Path | None = None) -> Settings:
    """The settings of this process; `data` is the option `--data`, which comes before the environment.

    `Wrong` names the variable that doesn't fit, not its value, which may hold a password.
    """
    said: dict[str, Any] = {} if data is None else {"data": data}
    try:
        settings = Settings(**said)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise Wrong(f"STEPDOWN_{str(first['loc'][0]).upper()} doesn't fit: {first['msg']}.") from None
    # An empty variable, as compose files leave one behind, is none.
    empty = {name: None for name in ("database_url", "owner_url", "backup_url") if _is_empty(getattr(settings, name))}
    return settings.model_copy(update=empty)


def _is_empty(url: SecretStr | None) -> bool:
    return url is not None and not url.get_secret_value().strip()
