"""What another system does with the client that openapi-python-client generates from the document.

Run by .ci/clients against a real server; any difference from what is expected ends it.
"""

import os
import sys
import uuid
from typing import Any, TypeVar

from chiso_client import AuthenticatedClient
from chiso_client.api.changes import list_changes
from chiso_client.api.index_scores import create_index_score
from chiso_client.api.indexes import put_edition, put_index
from chiso_client.api.rankings import get_ranking
from chiso_client.api.reported_figures import create_reported_figure
from chiso_client.api.units import create_unit, get_unit, list_units, patch_unit
from chiso_client.models import (
    Change,
    ChangePage,
    Cohort,
    Direction,
    Edition,
    EditionInput,
    FigureSourceInput,
    FigureUnit,
    Index,
    IndexInput,
    IndexScore,
    IndexScoreInput,
    Level,
    ListUnitsSort,
    Problem,
    Ranking,
    ReportedFigure,
    ReportedFigureInput,
    ScoreStage,
    ScoreUnit,
    Unit,
    UnitInput,
    UnitPage,
    UnitPatch,
)
from chiso_client.types import UNSET, Response, Unset

Body = TypeVar("Body")


def expect(status: int, kind: type[Body], answer: Response[Any]) -> Body:
    """The body of an answer that must have this status."""
    assert answer.status_code == status, answer.content
    assert isinstance(answer.parsed, kind), answer.content
    return answer.parsed


def connect(base: str) -> AuthenticatedClient:
    return AuthenticatedClient(base, token=os.environ["API_KEY"], headers={"Accept-Language": "en"})


def changes_after(client: AuthenticatedClient, after: str | Unset, limit: int) -> tuple[list[Change], str]:
    changes: list[Change] = []
    while True:
        page = expect(200, ChangePage, list_changes.sync_detailed(client=client, after=after, limit=limit))
        after = page.next_cursor
        if not page.items:
            return changes, after
        changes.extend(page.items)


def main(base: str) -> None:
    client = connect(base)
    _, start = changes_after(client, UNSET, 500)

    # Records are made, and each is where the answer says.
    ids = [f"py-{i}" for i in range(7)]
    for id in ids:
        body = UnitInput(id=id, name=f"Tỉnh {id}", level=Level.PROVINCE)
        made = create_unit.sync_detailed(client=client, body=body)
        assert expect(201, Unit, made).id == id
        assert made.headers["location"].endswith(f"/api/v1/units/{id}")

    # A list is read page by page, until no cursor is given.
    seen: list[str] = []
    cursor: str | Unset = UNSET
    pages = 0
    while True:
        listed = list_units.sync_detailed(
            client=client, limit=3, sort=ListUnitsSort.ID_DESCENDING, q="tinh py", cursor=cursor
        )
        page = expect(200, UnitPage, listed)
        seen.extend(unit.id for unit in page.items)
        pages += 1
        if page.next_cursor is None:
            break
        cursor = page.next_cursor
    assert seen == ids[::-1] and pages == 3, (seen, pages)

    # The same record again is a conflict, and the problem says so in its code.
    twice = create_unit.sync_detailed(client=client, body=UnitInput(id="py-0", name="Tỉnh", level=Level.PROVINCE))
    assert expect(409, Problem, twice).code == "duplicate"

    # Who has read an older state can't write over a newer one.
    etag = get_unit.sync_detailed("py-0", client=client).headers["etag"]
    renamed = patch_unit.sync_detailed("py-0", client=client, body=UnitPatch(name="Tỉnh Một"), if_match=etag)
    assert expect(200, Unit, renamed).name == "Tỉnh Một"
    stale = patch_unit.sync_detailed("py-0", client=client, body=UnitPatch(name="Tỉnh Hai"), if_match=etag)
    assert expect(412, Problem, stale).code == "stale"

    # A request that is sent again with its key has one effect and one answer.
    once = str(uuid.uuid4())
    figure = ReportedFigureInput(
        unit_id="py-0",
        measure="py.measure",
        period="2020",
        value="1",
        unit_of_measure=FigureUnit.COUNT,
        source=FigureSourceInput(title="Báo cáo"),
    )
    sent = [create_reported_figure.sync_detailed(client=client, body=figure, idempotency_key=once) for _ in range(2)]
    first, again = (expect(201, ReportedFigure, answer) for answer in sent)
    assert again.id == first.id, "the second request made a second record"

    # A ranking of what was scored.
    expect(201, Index, put_index.sync_detailed("py", client=client, body=IndexInput(name="Chỉ số")))
    for year in (2019, 2020):
        edition = EditionInput(
            framework="f",
            unit_of_measure=ScoreUnit.POINTS,
            decimals=2,
            cohorts=[Cohort(code="all", name="Các tỉnh", unit_ids=["py-0", "py-1", "py-2"])],
        )
        expect(201, Edition, put_edition.sync_detailed("py", year, client=client, body=edition))
        for i, unit in enumerate(("py-0", "py-1", "py-2")):
            score = f"{60 + (i + year) % 3}.1234567890123"
            given = IndexScoreInput(index_code="py", year=year, unit_id=unit, stage=ScoreStage.FINAL, score=score)
            stored = create_index_score.sync_detailed(client=client, body=given)
            assert expect(201, IndexScore, stored).score_exact == score
    ranking = expect(200, Ranking, get_ranking.sync_detailed("py", 2020, client=client))
    assert ranking.base_year == 2019
    assert [(s.rank, s.unit_id) for s in ranking.standings] == [(1, "py-1"), (2, "py-0"), (3, "py-2")]
    top = ranking.standings[0]
    assert (top.delta.rank_change, top.delta.direction) == (1, Direction.UP)
    assert top.score_exact == "62.1234567890123"

    # Every change since the start, in order and none twice.
    changes, _ = changes_after(client, start, 5)
    units = [f"{change.action} {change.id}" for change in changes if change.resource == "units"]
    assert units == [*(f"create {id}" for id in ids), "update py-0"], units
    assert sum(change.resource == "reported-figures" for change in changes) == 1
    assert len({change.cursor for change in changes}) == len(changes)
    print(f"Python: {len(seen)} units in {pages} pages, {len(changes)} changes, a ranking of {ranking.cohort_size}")


if __name__ == "__main__":
    main(sys.argv[1])
