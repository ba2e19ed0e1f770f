//! Wrong calendars, procedures and previews of deadlines.

use serde_json::{Value, json};

use super::{ABSENT, INVALID, MALFORMED, NOWHERE, Row, Sent, bare, body};
use crate::support::records::{with, without};

const CALENDARS: &str = "/api/v1/calendars";
const CALENDAR: &str = "/api/v1/calendars/c";
const PROCEDURES: &str = "/api/v1/procedures";
const PREVIEW: &str = "/api/v1/deadlines/preview";

#[rustfmt::skip]
pub fn wrong_calendars() -> Vec<Row> {
    let post = |name, over, problem, violation| body(name, "POST", CALENDARS, with(json!({"id": "new", "name": "Lịch", "unit_id": "v"}), over), problem, violation);
    let day = |over: Value| json!({"days": [with(json!({"day": "2020-09-02", "kind": "off"}), over)]});
    let hours = |from: &str, to: &str| json!([{"from": from, "to": to}]);
    let text = "text/plain";
    vec![
        post("a calendar without a name", json!({"name": " "}), INVALID, ("/name", "empty")),
        post("a calendar name that is a number", json!({"name": 1}), MALFORMED, ("/name", "wrong_type")),
        post("a calendar id with a slash", json!({"id": "a/b"}), INVALID, ("/id", "not_an_id")),
        post("a calendar id that is taken", json!({"id": "c"}), (409, "duplicate"), NOWHERE),
        post("a NUL in a calendar", json!({"name": "a\u{0}b"}), INVALID, ("/name", "control_character")),
        post("a NUL in a calendar's unit", json!({"unit_id": "a\u{0}b"}), INVALID, ("/unit_id", "control_character")),
        post("an unknown member of a calendar", json!({"holidays": []}), MALFORMED, ("/holidays", "unknown_field")),
        post("a calendar of no unit that there is", json!({"unit_id": "no"}), INVALID, ("/unit_id", "unknown_unit")),
        post("a second calendar of a unit", json!({"unit_id": "u"}), (409, "calendar_taken"), ("/unit_id", "calendar_taken")),
        post("a second calendar of all units", json!({"unit_id": null}), (409, "calendar_taken"), ("/unit_id", "calendar_taken")),
        post("days that are an object", json!({"days": {}}), MALFORMED, ("/days", "wrong_type")),
        post("a day that there is not", day(json!({"day": "2021-02-29"})), MALFORMED, ("/days/0/day", "wrong_type")),
        post("a kind of day that there is not", day(json!({"kind": "lazy"})), MALFORMED, ("/days/0/kind", "unknown_word")),
        post("an unknown member of a day", day(json!({"why": "x"})), MALFORMED, ("/days/0/why", "unknown_field")),
        post("a day without a kind", json!({"days": [{"day": "2020-09-02"}]}), INVALID, ("/days/0/kind", "required")),
        post("a day listed twice", json!({"days": [{"day": "2020-09-02", "kind": "off"}, {"day": "2020-09-02", "kind": "working"}]}), INVALID, ("/days/1/day", "duplicate_day")),
        post("duty on a Wednesday", day(json!({"kind": "saturday_duty"})), INVALID, ("/days/0/kind", "not_a_saturday")),
        post("hours of a day off", day(json!({"hours": hours("07:00", "11:00")})), INVALID, ("/days/0/hours", "hours_of_day_off")),
        post("hours of a working day that end before they begin", day(json!({"kind": "working", "hours": hours("11:00", "07:00")})), INVALID, ("/days/0/hours/0/to", "not_ascending")),
        post("a name of a day that is empty", day(json!({"name": ""})), INVALID, ("/days/0/name", "empty")),
        post("a forecast that is a text", day(json!({"forecast": "yes"})), MALFORMED, ("/days/0/forecast", "wrong_type")),
        post("no office hours", json!({"hours": []}), INVALID, ("/hours", "out_of_range")),
        post("hours that overlap", json!({"hours": [{"from": "07:00", "to": "11:00"}, {"from": "10:00", "to": "12:00"}]}), INVALID, ("/hours/1/from", "not_ascending")),
        post("25 o'clock", json!({"hours": hours("07:00", "25:00")}), MALFORMED, ("/hours/0/to", "wrong_type")),
        post("a time of one digit", json!({"hours": hours("7:00", "11:00")}), MALFORMED, ("/hours/0/from", "wrong_type")),
        post("too many days", json!({"days": (0..5001).map(|n| json!({"day": format!("{:04}-{:02}-{:02}", 2000 + n / 336, n / 28 % 12 + 1, n % 28 + 1), "kind": "off"})).collect::<Vec<_>>()}), INVALID, ("/days", "too_many")),
        body("a calendar without anything", "POST", CALENDARS, json!({}), INVALID, ("/name", "required")),
        body("another id than the path's", "PUT", CALENDAR, json!({"id": "d", "name": "x"}), INVALID, ("/id", "key_mismatch")),
        body("a patch of no calendar", "PATCH", "/api/v1/calendars/no", json!({"name": "x"}), ABSENT, NOWHERE),
        body("a calendar moved to a unit that has one", "PATCH", "/api/v1/calendars/all", json!({"unit_id": "u"}), (409, "calendar_taken"), ("/unit_id", "calendar_taken")),
        Row { headers: &[("if-match", "\"0\"")], ..body("a stale calendar", "PUT", CALENDAR, json!({"name": "x"}), (412, "stale"), NOWHERE) },
        Row { sent: Sent::Raw(text, b"x".to_vec()), ..bare("a calendar in plain text", "POST", CALENDARS, &[], (415, "unsupported_media_type"), NOWHERE) },
        bare("no calendar", "GET", "/api/v1/calendars/no", &[], ABSENT, NOWHERE),
        bare("a NUL in a calendar's id", "GET", "/api/v1/calendars/%00", &[], ABSENT, NOWHERE),
        bare("a version that there is not", "GET", "/api/v1/calendars/c/versions/2", &[], ABSENT, NOWHERE),
        bare("version 0", "GET", "/api/v1/calendars/c/versions/0", &[], ABSENT, NOWHERE),
        bare("a version with a sign", "GET", "/api/v1/calendars/c/versions/+1", &[], ABSENT, NOWHERE),
        bare("a version beyond all numbers", "GET", "/api/v1/calendars/c/versions/99999999999", &[], ABSENT, NOWHERE),
        bare("a version that is a word", "GET", "/api/v1/calendars/c/versions/last", &[], ABSENT, NOWHERE),
        bare("a parameter of a version", "GET", "/api/v1/calendars/c/versions/1?as_of=2020", &[], MALFORMED, ("as_of", "unknown_parameter")),
        bare("a version deleted", "DELETE", "/api/v1/calendars/c/versions/1", &[], (405, "method_not_allowed"), NOWHERE),
        bare("an unknown parameter of calendars", "GET", "/api/v1/calendars?year=2020", &[], MALFORMED, ("year", "unknown_parameter")),
        bare("the deletion of a unit with a calendar", "DELETE", "/api/v1/units/u", &[], (409, "in_use"), ("", "referred_to")),
    ]
}

#[rustfmt::skip]
pub fn wrong_procedures() -> Vec<Row> {
    let post = |name, over, problem, violation| body(name, "POST", PROCEDURES, with(json!({"code": "1.002", "name": "Thủ tục"}), over), problem, violation);
    let term = |amount: Value, unit: &str| json!({"term": {"amount": amount, "unit": unit}});
    vec![
        post("a procedure that is there", json!({"code": "1.001"}), (409, "duplicate"), NOWHERE),
        post("a code that is a number", json!({"code": 1.001}), MALFORMED, ("/code", "wrong_type")),
        post("a code that is too long", json!({"code": "1".repeat(41)}), INVALID, ("/code", "too_long")),
        post("a code that is empty", json!({"code": ""}), INVALID, ("/code", "empty")),
        post("a procedure without a name", json!({"name": ""}), INVALID, ("/name", "empty")),
        post("a NUL in a term text", json!({"term_text": "a\u{0}b"}), INVALID, ("/term_text", "control_character")),
        post("an unknown member of a procedure", json!({"fee": 1}), MALFORMED, ("/fee", "unknown_field")),
        post("a level that there is not", json!({"level": "hamlet"}), MALFORMED, ("/level", "unknown_word")),
        post("a term that is a text", json!({"term": "5 ngày"}), MALFORMED, ("/term", "wrong_type")),
        post("a unit of terms that there is not", term(json!(5), "weeks"), MALFORMED, ("/term/unit", "unknown_word")),
        post("an amount that is a text", term(json!("5"), "days"), MALFORMED, ("/term/amount", "wrong_type")),
        post("half a day", term(json!(0.5), "days"), MALFORMED, ("/term/amount", "wrong_type")),
        post("an amount below 0", term(json!(-5), "days"), MALFORMED, ("/term/amount", "wrong_type")),
        post("0 days", term(json!(0), "days"), INVALID, ("/term/amount", "out_of_range")),
        post("no amount", json!({"term": {"unit": "working_days"}}), INVALID, ("/term/amount", "out_of_range")),
        post("3661 days", term(json!(3661), "days"), INVALID, ("/term/amount", "out_of_range")),
        post("121 months", term(json!(121), "months"), INVALID, ("/term/amount", "out_of_range")),
        post("an amount within the day", term(json!(1), "same_day"), INVALID, ("/term/amount", "out_of_range")),
        post("an unknown member of a term", json!({"term": {"amount": 1, "unit": "days", "cut_off": "15:00"}}), MALFORMED, ("/term/cut_off", "unknown_field")),
        post("a cut-off beside days", json!({"term": {"amount": 1, "unit": "days"}, "cut_off": "15:00"}), INVALID, ("/cut_off", "cut_off_without_same_day")),
        post("a cut-off beside no term", json!({"cut_off": "15:00"}), INVALID, ("/cut_off", "cut_off_without_same_day")),
        post("a cut-off beside days of a text", json!({"term_text": "5 ngày", "cut_off": "15:00"}), INVALID, ("/cut_off", "cut_off_without_same_day")),
        post("a cut-off that is a number", json!({"term": {"unit": "same_day"}, "cut_off": 15}), MALFORMED, ("/cut_off", "wrong_type")),
        body("a procedure without a code", "POST", PROCEDURES, json!({"name": "x"}), INVALID, ("/code", "required")),
        body("another code than the path's", "PUT", "/api/v1/procedures/1.0010", json!({"code": "1.001", "name": "x"}), INVALID, ("/code", "key_mismatch")),
        bare("a code without its last zero", "GET", "/api/v1/procedures/1.0010", &[], ABSENT, NOWHERE),
        bare("a unit of terms that there is not, as a filter", "GET", "/api/v1/procedures?term_unit=weeks", &[], MALFORMED, ("term_unit", "unknown_word")),
    ]
}

#[rustfmt::skip]
pub fn wrong_deadlines() -> Vec<Row> {
    let base = json!({"unit_id": "u", "accepted_at": "2020-03-02T08:00:00+07:00", "term": {"amount": 5, "unit": "days"}});
    let post = |name, over, problem, violation| body(name, "POST", PREVIEW, with(base.clone(), over), problem, violation);
    vec![
        post("a preview of no unit that there is", json!({"unit_id": "no"}), INVALID, ("/unit_id", "unknown_unit")),
        post("a preview of a unit that had ended", json!({"unit_id": "ended"}), INVALID, ("/unit_id", "unit_not_in_existence")),
        post("a day for a moment", json!({"accepted_at": "2020-03-02"}), MALFORMED, ("/accepted_at", "wrong_type")),
        post("a moment without an offset", json!({"accepted_at": "2020-03-02T08:00:00"}), MALFORMED, ("/accepted_at", "wrong_type")),
        post("a term and a procedure", json!({"procedure_code": "1.001"}), INVALID, ("/term", "procedure_or_term")),
        post("neither term nor procedure", json!({"term": null}), INVALID, ("/term", "procedure_or_term")),
        post("a cut-off of a procedure", json!({"term": null, "procedure_code": "1.001", "cut_off": "15:00"}), INVALID, ("/term", "procedure_or_term")),
        post("a cut-off of days", json!({"cut_off": "15:00"}), INVALID, ("/cut_off", "cut_off_without_same_day")),
        post("0 days previewed", json!({"term": {"amount": 0, "unit": "days"}}), INVALID, ("/term/amount", "out_of_range")),
        post("a NUL in a procedure code", json!({"term": null, "procedure_code": "a\u{0}b"}), INVALID, ("/procedure_code", "control_character")),
        post("an unknown member of a preview", json!({"calendar_id": "c"}), MALFORMED, ("/calendar_id", "unknown_field")),
        body("a preview of nothing", "POST", PREVIEW, json!({}), INVALID, ("/unit_id", "required")),
        body("a preview without acceptance", "POST", PREVIEW, without(base.clone(), "accepted_at"), INVALID, ("/accepted_at", "required")),
        body("a parameter of a preview", "POST", "/api/v1/deadlines/preview?unit_id=u", base.clone(), MALFORMED, ("unit_id", "unknown_parameter")),
        bare("a preview that is got", "GET", PREVIEW, &[], (405, "method_not_allowed"), NOWHERE),
    ]
}
