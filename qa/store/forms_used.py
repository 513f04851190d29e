"""Forms that have scored a call: each kept once as it was then, and never another under the same id.

Conventions: a form is the same where its hash is (layout and comments aside). Two texts under one id would make
two scores look alike that were asked different questions, so the second is refused and nothing is kept.
"""

from __future__ import annotations

from sqlalchemy import Connection, func, insert, select

from qa.errors import SettingsError
from qa.store.engine import now_ms
from qa.store.tables import Evaluation, FormVersion


def refuse_changed_form(connection: Connection, *, name: str, sha256: str) -> None:
    """Refuse a form that says something else than when it scored its first call.

    Parameters
    ----------
    name
        Id with version, such as ``default.v1``.
    sha256
        `qa.scoring.form_hash` of the form as it is now.

    Raises
    ------
    SettingsError
        Calls were scored by another form of that id.
    """
    first = select(FormVersion.sha256).where(FormVersion.name == name).order_by(FormVersion.id).limit(1)
    used = connection.execute(first).scalar()
    if used is None or used == sha256:
        return
    count = select(func.count()).select_from(Evaluation).where(Evaluation.form_sha256 == used)
    base, _, version = name.rpartition(".v")
    following = f"{base}.v{int(version) + 1}" if base and version.isdigit() else f"{name} with a new version"
    raise SettingsError(
        f"{name}: was changed after it had given {connection.execute(count).scalar_one()} scores, and a form "
        f"that was used stays as it is; save the change as {following} and put {name} back"
    )


def keep_form(connection: Connection, *, name: str, sha256: str, yaml: str) -> None:
    """Keep the text of a form when it is used for the first time.

    Raises
    ------
    SettingsError
        See `refuse_changed_form`.
    """
    refuse_changed_form(connection, name=name, sha256=sha256)
    if connection.execute(select(FormVersion.id).where(FormVersion.sha256 == sha256)).first() is None:
        connection.execute(
            insert(FormVersion).values(name=name, sha256=sha256, yaml=yaml, first_used_at=now_ms())
        )
