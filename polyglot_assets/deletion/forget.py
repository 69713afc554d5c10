"""Forgetting rows: tombstone, removal, record, in an order in which nothing can come back or be left.

Here: that order. Not here: each step's work.

    1. the requests are on the disk: from now on no run takes the rows in again
    2. what the lake holds of them is on the disk, by ids and numbers: the record, and what the proof looks for
    3. cells and ledgers, what is computed from them, releases, Dagster's history
    4. the request is done

A process that is killed leaves a request that is not done, and every later call does first what is left of such ones.
The steps are safe to do twice. All of it happens under the lake's lock, so no run works on the lake meanwhile.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from polyglot_assets.deletion import cells, derived, history, plan, releases
from polyglot_assets.deletion.plan import Plan
from polyglot_assets.domain.errors import UserError
from polyglot_assets.domain.grid import cell_of
from polyglot_assets.inference import registry
from polyglot_assets.inference.registry import Teacher
from polyglot_assets.lake import tombstones
from polyglot_assets.lake.files import sweep
from polyglot_assets.lake.store import Lake
from polyglot_assets.lake.tombstones import Found, Request
from polyglot_assets.settings import Settings, dagster_home
from polyglot_assets.text.invisible import is_name


@dataclass(frozen=True)
class Intent:
    """What a call would do.

    Attributes:
        new: requests that the lake does not know yet.
        open: requests of earlier calls that were not finished, or of which something came back.
        done: requests that were done before and are complete.
        plan: what goes.
        releases: by version, how many rows go.
    """

    new: list[Request] = field(default_factory=list)
    open: list[Request] = field(default_factory=list)
    done: list[Request] = field(default_factory=list)
    plan: Plan = field(default_factory=lambda: Plan(frozenset()))
    releases: dict[str, int] = field(default_factory=dict)

    @property
    def idle(self) -> bool:
        """There is nothing to do."""
        return not self.new and not self.open


def intend(lake: Lake, settings: Settings, requests: Iterable[Request]) -> Intent:
    """What is to be done about `requests` and about earlier ones; to be called under `locks.alone`.

    Raises:
        UserError: an id holds characters that nobody sees, and the lake has no such row: a request that came through
            a letter or a spreadsheet would be noted as done, and the row that was meant would stay.
    """
    known = tombstones.read(lake)
    asked = {request.seed_id: request for request in requests}
    new = [request for seed_id, request in asked.items() if seed_id not in known]
    back = plan.present(lake, known.keys())
    unfinished = [stone.request for seed_id, stone in known.items() if stone.done_at is None or seed_id in back]
    concerned = {request.seed_id for request in (*new, *unfinished)}
    if not concerned:
        return Intent(done=list(asked.values()))
    found = {seed_id: stone.found for seed_id, stone in known.items() if stone.found}
    whole = plan.make(lake, [*new, *unfinished], teachers(settings), found)
    for request in new:
        if not is_name(request.source_id) and not whole.found[request.seed_id].rows:
            raise UserError(
                f"source_id {request.source_id!a} holds characters that cannot be seen, and the lake has no such "
                f"row of {request.source}; nothing was done"
            )
    counted = releases.rows(lake, concerned, whole.examples)
    for version, rows in counted.items():
        for example, seeds in rows.items():
            for seed_id in seeds:
                whole.found[seed_id].rows[f"release {version}", "", ""] += 1
                whole.found[seed_id].ids.add(example)
    done = [asked[seed_id] for seed_id in asked if seed_id in known and seed_id not in concerned]
    return Intent(new, unfinished, done, whole, {version: len(rows) for version, rows in counted.items()})


def carry_out(lake: Lake, settings: Settings, intent: Intent, report: Callable[[str], None]) -> None:
    """Does what is intended; to be called under the same `locks.alone`.

    Raises:
        UserError: Dagster's history is held by another process. What is left is done by the next call.
    """
    tombstones.record_requests(lake, intent.new)
    known = tombstones.read(lake)
    fresh = {seed_id: found for seed_id, found in intent.plan.found.items() if not _within(found, known[seed_id].found)}
    tombstones.record_found(lake, fresh)
    if not intent.idle:
        _remove(lake, settings, intent, tombstones.read(lake), report)
        tombstones.record_done(lake, sorted(intent.plan.deleted))
    tombstones.save_table(lake)
    lake.publish_catalogue()


def teachers(settings: Settings) -> dict[str, Teacher]:
    """All teachers that the registries and the settings know, by name."""
    known = registry.read(registry.REGISTRY)
    if settings.teacher_registry:
        known |= registry.read(settings.teacher_registry)
    return known | {teacher.name: teacher for teacher in registry.enabled(settings)}


def home(lake: Lake, settings: Settings) -> list[Path]:
    """The folders that may be Dagster's: that of the settings, and that of the lake."""
    return [path for path in dict.fromkeys((dagster_home(settings), lake.root / "dagster")) if path.is_dir()]


def _remove(
    lake: Lake,
    settings: Settings,
    intent: Intent,
    known: dict[str, tombstones.Tombstone],
    report: Callable[[str], None],
) -> None:
    concerned = sorted({key for seed_id in intent.plan.deleted for key in (known[seed_id].found or Found()).cells})
    left = sweep(lake.root, used=True)  # a query that is being asked has to be asked again
    if left:
        report(f"{left} files and folders that killed processes had left")
    report(f"{len(intent.plan.cells)} cells and their ledgers")
    cells.remove(lake, intent.plan)
    report("duplicates, contamination, tables, report")
    ids = {row for seed_id in intent.plan.deleted for row in (known[seed_id].found or Found()).ids}
    derived.remake(lake, settings, [cell_of(key) for key in concerned], ids | intent.plan.examples, lambda _: None)
    for old, new, rows in releases.replace(lake, intent.plan.deleted, ids | intent.plan.examples):
        report(f"release {old} is replaced by {new}, {rows} rows less")
    for folder in home(lake, settings):
        texts = history.blank(folder, concerned)
        if texts:
            report(f"{texts} samples and previews in Dagster's history")


def _within(now: Found, before: Found | None) -> bool:
    """Whether what is found now is what an interrupted call had found and recorded already."""
    return (
        before is not None
        and now.ids <= before.ids
        and all(rows <= before.rows[place] for place, rows in now.rows.items())
    )
