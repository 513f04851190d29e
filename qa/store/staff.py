"""The agents: their teams, their ids in other systems, and the groups that the firm supplies for fairness."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection, func, select, update

from qa.store.audit import write
from qa.store.engine import Store
from qa.store.saving import keep_agent
from qa.store.scope import require, visible_agents
from qa.store.tables import Agent, Call, Evaluation
from qa.values import Principal


@dataclass(frozen=True, slots=True)
class StaffRow:
    """An agent; ``groups`` are pairs such as site, shift or language."""

    name: str
    team: str | None = None
    external_id: str | None = None
    groups: Mapping[str, str] = field(default_factory=dict)
    n_calls: int = 0


def list_staff(store: Store, principal: Principal) -> tuple[StaffRow, ...]:
    """The agents a principal may know of, by name; groups are shown to leads and admins only."""
    n_calls = select(func.count()).select_from(Call).where(Call.agent_id == Agent.id).scalar_subquery()
    query = (
        select(Agent.name, Agent.team, Agent.external_id, Agent.groups, n_calls.label("n_calls"))
        .where(visible_agents(principal))
        .order_by(Agent.name)
    )
    with_groups = principal.role in ("admin", "lead", "system")
    with store.reading() as connection:
        return tuple(
            StaffRow(row.name, row.team, row.external_id, row.groups if with_groups else {}, row.n_calls)
            for row in connection.execute(query)
        )


def keep_staff(
    store: Store, principal: Principal, staff: Iterable[StaffRow], *, replace_groups: bool = False
) -> int:
    """Make or change agents; what is None or empty stays as it was. How many were changed.

    Parameters
    ----------
    replace_groups
        The groups given are all there are: others of these agents, and those of every agent not named, go.

    Raises
    ------
    NotAllowed
        Only leads and admins may.
    """
    require(principal, "admin", "lead")
    given = list(staff)
    with store.writing() as connection:
        if replace_groups:
            named = {row.name for row in given}
            with_groups = connection.execute(select(Agent.name, Agent.groups)).all()
            given += [StaffRow(one.name) for one in with_groups if one.groups and one.name not in named]
        return sum(_keep(connection, principal, row, replace_groups=replace_groups) for row in given)


def _keep(connection: Connection, principal: Principal, row: StaffRow, *, replace_groups: bool) -> bool:
    agent_id = keep_agent(connection, row.name)
    before = connection.execute(
        select(Agent.team, Agent.external_id, Agent.groups).where(Agent.id == agent_id)
    ).one()
    after = {
        "team": row.team or before.team,
        "external_id": row.external_id or before.external_id,
        "groups": dict(row.groups) if replace_groups else {**before.groups, **row.groups},
    }
    if after == before._asdict():
        return False
    connection.execute(update(Agent).where(Agent.id == agent_id).values(**after))
    write(
        connection,
        principal,
        "change agent",
        object="agent",
        object_id=row.name,
        before=before._asdict(),
        after=after,
    )
    return True


def revision(store: Store) -> str:
    """Changes whenever a score, a call or an agent may look different: what caches of figures are keyed by."""
    query = select(
        select(func.max(Evaluation.id)).scalar_subquery(),
        select(func.max(Call.changed_at)).scalar_subquery(),
        select(func.count()).select_from(Call).scalar_subquery(),
        select(func.count()).select_from(Agent).scalar_subquery(),
    )
    with store.reading() as connection:
        return "-".join(str(part) for part in connection.execute(query).one())
