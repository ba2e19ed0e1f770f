//! Small conversions between columns and domain types, shared by the files of the resources.

use std::str::FromStr;

use chrono::NaiveDate;
use diesel::{
    deserialize::{self, FromSql, FromSqlRow},
    pg::{Pg, PgValue},
    sql_types::Text,
    sqlite::{Sqlite, SqliteValue},
};

use super::error::{StoreError, StoreResult};
use crate::domain::{
    time::{Day, Moment},
    words::UnknownWord,
};

/// A word of a closed list.
pub fn word<T: FromStr<Err = UnknownWord>>(text: &str) -> StoreResult<T> {
    text.parse().map_err(|e: UnknownWord| StoreError::Corrupt(e.to_string()))
}

/// A word of a closed list that may be absent.
pub fn optional_word<T: FromStr<Err = UnknownWord>>(text: Option<&str>) -> StoreResult<Option<T>> {
    text.map(word).transpose()
}

/// A word of a closed list that is read without a text of its own.
#[derive(Debug, FromSqlRow)]
pub struct Word<T>(pub T);

impl<T: FromStr<Err = UnknownWord>> FromSql<Text, Sqlite> for Word<T> {
    fn from_sql(mut value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
        Ok(Self(value.read_text().parse()?))
    }
}

impl<T: FromStr<Err = UnknownWord>> FromSql<Text, Pg> for Word<T> {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(std::str::from_utf8(value.as_bytes())?.parse()?))
    }
}

/// A day.
pub fn day(date: Option<NaiveDate>) -> Option<Day> {
    date.map(Day::from_date)
}

/// A date column.
pub fn date(day: Option<Day>) -> Option<NaiveDate> {
    day.map(Day::date)
}

/// A moment.
pub fn moment(micros: Option<i64>) -> Option<Moment> {
    micros.map(Moment::from_micros)
}

/// A column of microseconds.
pub fn micros(moment: Option<Moment>) -> Option<i64> {
    moment.map(Moment::micros)
}

/// A list or an object as the text of a column.
pub fn json<T: serde::Serialize>(value: &T) -> StoreResult<String> {
    serde_json::to_string(value).map_err(|e| StoreError::Other(e.to_string()))
}

/// A list or an object of a column.
pub fn from_json<T: serde::de::DeserializeOwned>(text: &str) -> StoreResult<T> {
    serde_json::from_str(text).map_err(|e| StoreError::Corrupt(e.to_string()))
}

/// What `q` searches: the folded texts, one a line so that no match runs over two of them.
pub fn search_text<'a>(texts: impl IntoIterator<Item = Option<&'a str>>) -> String {
    let folded: Vec<String> = texts.into_iter().flatten().map(crate::domain::text::fold).collect();
    folded.join("\n")
}
