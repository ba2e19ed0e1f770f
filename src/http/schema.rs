//! How domain types look in the OpenAPI document, and the numbers of bodies that keep every digit.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        RefOr,
        schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type},
    },
};

use super::imports::ReportFormat;
use crate::domain::{
    access::Scope,
    calendars::{DayKind, DayOff},
    changes::{Action as ChangeAction, ChangedResource},
    clock_rules::{PauseRule, WithdrawnCount},
    commendations::{CommendationForm, RecipientKind},
    criteria::{CriterionKind, Polarity},
    decimal::{Exact, is_decimal},
    dossier_events::DueRule,
    dossier_imports::Preset,
    dossiers::{OnlineLevel, Outcome, ReturnChannel, Status, SubmissionChannel},
    editions::{EditionStatus, Method, ScoreUnit, TieRule},
    hours::TimeOfDay,
    imports::{ImportFormat, ImportMode, ImportStatus},
    improvement_actions::{ActionKind, ActionStatus},
    index_scores::ScoreStage,
    periods::PeriodCalendar,
    record_scores::{RecordMeasure, RecordPeriod, ZeroDenominator},
    reported_figures::FigureUnit,
    returns::NotUsedReason,
    score_tables::{DecimalMark, TableLayout},
    terms::TermUnit,
    time::{Day, Moment},
    units::{Extent, Level},
    webhooks::{DeliveryStatus, StopReason},
};
use crate::{
    http::{
        form_06a_files::FormFormat,
        formats::{FileFormat, ScoreFileFormat},
    },
    service::{
        commendations::CommendationFlag,
        deadlines::NoDueDate,
        dossier_events::Mode,
        dossier_statistics::Grouping,
        dvcqg::DvcqgResult,
        explanations::TiePlace,
        rank_targets::OutOfReach,
        ranking_reports::NotComparable,
        rankings::{DeltaUnit, Direction},
        record_scores::RecordOutcome,
        reviews::Missing,
        score_imports::ScoreChange,
        series::SeriesGap,
        totals::{ComponentKind, TotalSource, Unranked},
    },
};

macro_rules! word_schemas {
    ($($(#[doc = $doc:literal])* $name:ident),+ $(,)?) => {
    $(
        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                ObjectBuilder::new()
                    .schema_type(Type::String)
                    .enum_values(Some($name::WORDS.iter().copied()))
                    .description(Some(concat!($($doc),*)))
                    .into()
            }
        }
        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                Cow::Borrowed(stringify!($name))
            }
        }
    )+

        /// Every closed list of words: the name of its schema, and the words in their order.
        pub const WORD_LISTS: &[(&str, &[&str])] = &[$((stringify!($name), $name::WORDS)),+];
    };
}

word_schemas! {
    /// Why a return is not counted.
    NotUsedReason,
    /// What moved a due date: `given` by somebody, a pause (`restart`, `extend`), or `recompute` with another calendar.
    DueRule,
    /// How an event is met: `strict`, or `sync` from another system.
    Mode,
    /// State of an improvement action.
    ActionStatus,
    /// Kind of an improvement action.
    ActionKind,
    /// What a change did to its record.
    ChangeAction,
    /// A kind of record in the change log.
    ChangedResource,
    /// What a reader should know of a decision.
    CommendationFlag,
    /// Form of a commendation (giấy khen, bằng khen ...).
    CommendationForm,
    /// What a component of a total is.
    ComponentKind,
    /// Ordinary, or an area of bonus and penalty points, which are added to the total and not to the maximum.
    CriterionKind,
    /// What a listed day of a calendar is.
    DayKind,
    /// Why a day was not counted.
    DayOff,
    /// How far a delivery of a webhook is.
    DeliveryStatus,
    /// Decimal mark of numbers that are written as text.
    DecimalMark,
    /// What the difference of two scores counts.
    DeltaUnit,
    /// Where a rank went.
    Direction,
    /// What became of a record of the National Public Service Portal.
    DvcqgResult,
    /// Where an edition stands.
    EditionStatus,
    /// How much of a unit passed on.
    Extent,
    /// What a reported value counts.
    FigureUnit,
    /// How standings are written.
    FileFormat,
    /// How a report is written.
    FormFormat,
    /// How scores are written in a file.
    ScoreFileFormat,
    /// What rows of statistics are told apart by.
    Grouping,
    /// Level of a unit.
    Level,
    /// How rows are written in a file.
    ImportFormat,
    /// What a rejected row does to the others.
    ImportMode,
    /// Where an import is.
    ImportStatus,
    /// How a total comes from areas, and a parent from its children. `points`: their sum. `weighted`: Σ weight ×
    /// score ÷ maximum. `normalised`: each value x becomes 9 × (x − min) ÷ (max − min) + 1 within the cohort, 5.5
    /// where all values are equal, x itself where a criterion states 1 and 10 as its bounds, and 11 minus that for a
    /// negative polarity; the parent is their mean, the total the weighted sum of areas scaled to 100.
    Method,
    /// Why nothing is computed beside a reported figure.
    Missing,
    /// Why deltas don't compare like with like.
    NotComparable,
    /// Why no due date follows.
    NoDueDate,
    /// Level of an online service.
    OnlineLevel,
    /// What became of a dossier, derived.
    Outcome,
    /// Why a gain can't give what is wanted.
    OutOfReach,
    /// Civil periods follow the calendar; statutory ones run from the 15th to the 14th.
    PeriodCalendar,
    /// What a pause does to the term: begins anew (`restart`), or goes on with what was left (`extend`).
    PauseRule,
    /// Whether more of an indicator is better.
    Polarity,
    /// A declared way of reading a file: `dvcqg` is that of the National Public Service Portal.
    Preset,
    /// A collective or an individual.
    RecipientKind,
    /// A rate of dossier statistics. `in_time_of_handled` is that of Decision 766/QĐ-TTg: early, on time and still
    /// within term, of received, carried over and transferred in without transferred out.
    RecordMeasure,
    /// What became of a computed score: new, in place of another, as it was, or not stored because somebody gave one.
    RecordOutcome,
    /// Part of the year that a rate is of: the year, a half-year or a quarter.
    RecordPeriod,
    /// How a result was handed over.
    ReturnChannel,
    /// How a report is written.
    ReportFormat,
    /// What a key may do.
    Scope,
    /// What a value of a score table does.
    ScoreChange,
    /// Stage of a score.
    ScoreStage,
    /// What a score counts.
    ScoreUnit,
    /// Why a year of a series has no standing.
    SeriesGap,
    /// Why the service stopped a webhook by itself.
    StopReason,
    /// How a dossier was submitted.
    SubmissionChannel,
    /// How a score table is laid out: a row a unit (`wide`) or a row a score (`long`).
    TableLayout,
    /// What a term counts: working hours, days of the calendar, working days, months, or within the day.
    TermUnit,
    /// How a tie moved a place.
    TiePlace,
    /// How equal scores share ranks.
    TieRule,
    /// Where a total comes from.
    TotalSource,
    /// Why a unit has no rank.
    Unranked,
    /// What withdrawn dossiers count as.
    WithdrawnCount,
    /// What a rate of nothing gives: no points, every point, or the criterion leaves the maximum.
    ZeroDenominator,
}

impl PartialSchema for Day {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Date)))
            .pattern(Some("^(19|2[0-9])[0-9]{2}-"))
            .description(Some("A day, from 1900 to 2999."))
            .into()
    }
}

impl ToSchema for Day {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Day")
    }
}

impl PartialSchema for Moment {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .pattern(Some("^(19|2[0-9])[0-9]{2}-"))
            .description(Some("A moment from 1900 to 2999 as in RFC 3339, kept to the microsecond, given in Vietnamese time."))
            .into()
    }
}

impl ToSchema for Moment {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Moment")
    }
}

impl PartialSchema for TimeOfDay {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some("^([01][0-9]|2[0-3]):[0-5][0-9]$"))
            .description(Some("A time of day in Vietnam, HH:MM."))
            .into()
    }
}

impl ToSchema for TimeOfDay {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("TimeOfDay")
    }
}

impl PartialSchema for Status {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::Integer)
            .minimum(Some(1))
            .maximum(Some(10))
            .description(Some(
                "National status: 1 newly registered, 2 accepted, 3 not accepted, 4 in progress, 5 supplement \
                 requested, 6 financial duty requested, 7 withdrawn, 8 stopped, 9 finished, 10 returned.",
            ))
            .into()
    }
}

impl ToSchema for Status {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Status")
    }
}

/// A number of an answer, with every digit that was meant to be shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Number(serde_json::Number);

impl Number {
    /// All digits of an exact value.
    pub fn exact(value: &Exact) -> Self {
        Self::of_text(value.to_string())
    }

    /// A value rounded once, halves away from zero.
    pub fn rounded(value: &Exact, decimals: u8) -> Self {
        Self::of_text(value.to_fixed(decimals))
    }

    /// An exact decimal always writes as a JSON number; it is not read again to see that.
    fn of_text(text: String) -> Self {
        Self(serde_json::Number::from_string_unchecked(text))
    }
}

impl PartialSchema for Number {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(Type::Number).description(Some("A decimal number.")).into()
    }
}

impl ToSchema for Number {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Number")
    }
}

/// A decimal of a request: a JSON number or a decimal string; both keep every digit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecimalText(String);

impl<'de> Deserialize<'de> for DecimalText {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = match serde_json::Value::deserialize(d)? {
            serde_json::Value::Number(number) => number.to_string(),
            serde_json::Value::String(text) => text,
            _ => {
                return Err(serde::de::Error::custom(
                    "a decimal is a JSON number or a string that holds one",
                ));
            }
        };
        if is_decimal(&text) {
            Ok(Self(text))
        } else {
            Err(serde::de::Error::custom("a decimal is written with a point and without separators: 64.96"))
        }
    }
}

impl DecimalText {
    /// The exact value.
    ///
    /// # Errors
    /// 422 `too_precise`.
    pub fn exact(&self, pointer: &str) -> Result<Exact, crate::service::error::Error> {
        Exact::parse(&self.0).map_err(|_| {
            crate::service::error::Error::invalid(
                pointer,
                "too_precise",
                "At most 28 significant digits, within 40 places of the point.",
                "Tối đa 28 chữ số có nghĩa, trong phạm vi 40 vị trí quanh dấu thập phân.",
            )
        })
    }
}

impl PartialSchema for DecimalText {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::SchemaType::from_iter([Type::Number, Type::String]))
            .pattern(Some("^-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][+-]?[0-9]+)?$"))
            .description(Some("A decimal: a JSON number or a decimal string, up to 28 significant digits."))
            .into()
    }
}

impl ToSchema for DecimalText {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("DecimalText")
    }
}

/// A value of a request that is kept as it is written: a text, or a JSON number with every digit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verbatim(String);

impl<'de> Deserialize<'de> for Verbatim {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        match serde_json::Value::deserialize(d)? {
            serde_json::Value::Number(number) => Ok(Self(number.to_string())),
            serde_json::Value::String(text) => Ok(Self(text)),
            _ => Err(serde::de::Error::custom("a value is a text or a JSON number")),
        }
    }
}

impl Verbatim {
    /// The value as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl PartialSchema for Verbatim {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::SchemaType::from_iter([Type::String, Type::Number]))
            .description(Some("A text, or a JSON number kept as it is written."))
            .into()
    }
}

impl ToSchema for Verbatim {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Verbatim")
    }
}
