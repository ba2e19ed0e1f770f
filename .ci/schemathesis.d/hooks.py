"""What Schemathesis must know of this service: how days are written, and which refusals a schema can't foretell."""

import datetime
import json

import schemathesis
from hypothesis import strategies as st
from schemathesis.checks import CheckContext
from schemathesis.core.failures import Failure

# The years that the document's pattern names; a generator of any years would throw nine of ten away.
DAYS = st.dates(min_value=datetime.date(1900, 1, 2), max_value=datetime.date(2999, 12, 30))
TIMES = st.times().map(lambda time: time.replace(microsecond=0).isoformat())
ZONES = st.sampled_from(["Z", "+07:00", "-03:30"])
schemathesis.openapi.format("date", DAYS.map(str))
schemathesis.openapi.format("date-time", st.tuples(DAYS, TIMES, ZONES).map(lambda t: f"{t[0]}T{t[1]}{t[2]}"))



@schemathesis.hook
def map_query(_: object, query: dict | None) -> dict | None:
    """Waits of `/changes` are short: a minute of waiting tells no more than a second."""
    if query and isinstance(query.get("wait"), int) and 1 < query["wait"] <= 60:
        query["wait"] = 1
    return query


# Refusals (400) of requests that their schema allows, by the code of the rule, with the reason.
EXPLAINED = {
    "invalid_cursor": "a cursor is opaque: those of pages are valid and no others",
    "two_states": "`revision` and `as_of` name one state; of the two at most one is given",
    "edition_required": "`revision` is of an edition, so the list must name one",
    "period_or_days": "`period`, or `from` with `to`: a rule over three parameters",
    "not_a_period": "the statutory 1900 begins in 1899: a rule over `period` and `calendar`",
    "before_from": "`to` is before `from`: a rule over two parameters",
    "unknown_grouping": "`group_by` names each word once, which a pattern can't say",
    "only_csv": "`bom` is for CSV; a rule over two parameters",
    "malformed_json": "`mapping` is JSON in a parameter: `contentMediaType` says so, and generators don't read it",
    "control_character": "texts hold no control characters, which would need a pattern at every text",
}
# The same by parameter and code.
EXPLAINED_PARAMETERS = {
    ("Idempotency-Key", "required"): "a text of blanks or quotes alone is none; a pattern for it would refuse good ones",
    ("index_code", "required"): "`format` names a file of one edition: a rule over three parameters",
    ("year", "required"): "the same",
}
# An integer may be written as a decimal (`3.0`), up to 10^13; longer ones are not read exactly, and refused.
EXPLAINED_TEXTS = ("invalid type: floating point",)


@schemathesis.check
def refuses_only_for_a_reason(ctx: CheckContext, response: schemathesis.Response, case: schemathesis.Case) -> None:
    """What the document allows is never called malformed, but for the reasons above."""
    if response.status_code != 400 or case.meta is None or not case.meta.generation.mode.is_positive:
        return
    try:
        errors = json.loads(response.content)["errors"]
    except (ValueError, KeyError) as error:
        raise Failure(operation=case.operation.label, title="A refusal that is no problem", message=str(error)) from None
    for told in errors:
        by_parameter = (told["pointer"], told["code"]) in EXPLAINED_PARAMETERS
        by_text = any(text in told["detail"] for text in EXPLAINED_TEXTS)
        if told["code"] in EXPLAINED or by_parameter or by_text:
            continue
        raise Failure(
            operation=case.operation.label,
            title="Allowed by the document and refused as malformed",
            message=f"{told['pointer']}: {told['code']}: {told['detail']}",
        )
