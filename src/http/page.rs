//! Lists over HTTP: limits, sort keys, opaque cursors and the `Link` header.
//!
//! A cursor carries the sort, a fingerprint of the filters and the last record's place; used with anything else
//! it is refused. Clients must not look into it.

use actix_web::{HttpRequest, HttpResponse, http::header};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::openapi::schema::{ObjectBuilder, Type};

use super::{etag, frame, problem::Problem, respond, state::AppState};
use crate::{
    service::crud::{self, Page, Resource},
    store::Versioned,
    store::list::{After, Filter, Request, Sort, Test, Value},
};

/// Records of a page when the caller doesn't say.
pub const DEFAULT_LIMIT: u32 = 50;
/// Most records of a page.
pub const MAX_LIMIT: u32 = 500;

/// Declares the query of a list: its own filters and the parameters that every list has.
macro_rules! list_query {
    (
        $(#[$meta:meta])* pub struct $name:ident by $sorts:ident, export $export:ident
        { $($(#[$fmeta:meta])* $field:ident : $type:ty),* $(,)? }
    ) => {
        $crate::http::page::list_query! {
            $(#[$meta])* pub struct $name by $sorts { $($(#[$fmeta])* $field: $type),* }
        }

        $(#[$meta])*
        #[derive(Debug, serde::Deserialize, utoipa::IntoParams)]
        #[serde(deny_unknown_fields)]
        #[into_params(parameter_in = Query)]
        pub struct $export {
            $($(#[$fmeta])* pub $field: Option<$type>,)*
            /// Text to find, without regard to case or marks.
            pub q: Option<String>,
            /// How rows are written; `csv` when left out.
            pub format: Option<$crate::domain::imports::ImportFormat>,
        }

        impl $export {
            /// The list that has the same records.
            pub fn into_list(self) -> $name {
                $name {
                    $($field: self.$field,)*
                    q: self.q,
                    limit: None,
                    cursor: None,
                    sort: None,
                    with_total: None,
                }
            }
        }
    };
    ($(#[$meta:meta])* pub struct $name:ident by $sorts:ident { $($(#[$fmeta:meta])* $field:ident : $type:ty),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, serde::Deserialize, utoipa::IntoParams)]
        #[serde(deny_unknown_fields)]
        #[into_params(parameter_in = Query)]
        pub struct $name {
            $($(#[$fmeta])* pub $field: Option<$type>,)*
            /// Text to find, without regard to case or marks.
            pub q: Option<String>,
            /// Records of a page.
            #[param(minimum = 1, maximum = 500, default = 50)]
            pub limit: Option<u32>,
            /// `next_cursor` of the page before. Opaque.
            pub cursor: Option<String>,
            /// Sort key; with a minus sign before it the order is descending.
            #[param(schema_with = $name::sort_words)]
            pub sort: Option<String>,
            /// Count all records that the filters leave.
            pub with_total: Option<bool>,
        }

        impl $name {
            fn sort_words() -> utoipa::openapi::schema::Object {
                $crate::http::page::sort_words($sorts)
            }

            /// The parameters that every list has.
            pub fn paging(&self) -> $crate::http::page::Paging {
                $crate::http::page::Paging {
                    q: self.q.clone(),
                    limit: self.limit,
                    cursor: self.cursor.clone(),
                    sort: self.sort.clone(),
                    with_total: self.with_total.unwrap_or(false),
                }
            }
        }
    };
}
pub(crate) use list_query;

/// The parameters that every list has.
#[derive(Debug, Clone)]
pub struct Paging {
    /// Text to find.
    pub q: Option<String>,
    /// Records of a page.
    pub limit: Option<u32>,
    /// Where to go on.
    pub cursor: Option<String>,
    /// Sort key.
    pub sort: Option<String>,
    /// Count all.
    pub with_total: bool,
}

/// A sort key and the column behind it. The first of a list is the default.
pub type SortKey = (&'static str, &'static str);

/// The words that a sort takes, for the document.
pub fn sort_words(keys: &[SortKey]) -> utoipa::openapi::schema::Object {
    let words = keys.iter().flat_map(|(key, _)| [(*key).to_owned(), format!("-{key}")]);
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words)).build()
}

/// An exact filter on a text column; nothing when the parameter is absent.
pub fn is(column: &'static str, value: Option<&String>) -> Option<Filter> {
    value.map(|v| Filter { column, test: Test::Is, value: Value::Text(crate::domain::text::clean(v)) })
}

/// An exact filter on a column of words.
pub fn is_word(column: &'static str, word: Option<&'static str>) -> Option<Filter> {
    word.map(|v| Filter { column, test: Test::Is, value: Value::Text(v.to_owned()) })
}

/// An exact filter on a column of years and other short numbers.
pub fn is_number(column: &'static str, value: Option<i32>) -> Option<Filter> {
    value.map(|v| Filter { column, test: Test::Is, value: Value::Integer(v) })
}

/// An exact filter on a boolean column.
pub fn is_true(column: &'static str, value: Option<bool>) -> Option<Filter> {
    value.map(|v| Filter { column, test: Test::Is, value: Value::Bool(v) })
}

/// An exact filter on a column of days.
pub fn is_day(column: &'static str, value: Option<crate::domain::time::Day>) -> Option<Filter> {
    value.map(|day| Filter { column, test: Test::Is, value: Value::Date(day.date()) })
}

/// A text that people search.
pub fn contains(text: &str) -> Filter {
    Filter { column: "search", test: Test::Contains, value: Value::Text(text.to_owned()) }
}

/// A unit with all below it.
pub fn under(column: &'static str, value: Option<&String>) -> Option<Filter> {
    value.map(|v| Filter { column, test: Test::Under, value: Value::Text(crate::domain::text::clean(v)) })
}

/// Two filters on when a unit exists.
pub fn exists_on(day: crate::domain::time::Day) -> [Filter; 2] {
    [
        Filter { column: "valid_from", test: Test::NoneOrAtMost, value: Value::Date(day.date()) },
        Filter { column: "valid_to", test: Test::NoneOrAbove, value: Value::Date(day.date()) },
    ]
}

#[derive(Serialize, Deserialize)]
struct Token {
    v: u8,
    sort: String,
    filters: String,
    value: Option<String>,
    key: String,
}

fn refuse(name: &str, code: &'static str, en: impl Into<String>, vi: impl Into<String>) -> Problem {
    Problem::bad_parameter(name, code, en, vi)
}

fn invalid_cursor() -> Problem {
    refuse(
        "cursor",
        "invalid_cursor",
        "The cursor is not one of this list with these filters and this sort.",
        "Con trỏ không thuộc danh sách này với bộ lọc và thứ tự này.",
    )
}

fn sort_of(paging: &Paging, keys: &[SortKey]) -> Result<(String, Sort), Problem> {
    let default = keys.first().map_or("", |(key, _)| key);
    let given = paging.sort.as_deref().unwrap_or(default);
    let (descending, name) = given.strip_prefix('-').map_or((false, given), |name| (true, name));
    let allowed: Vec<&str> = keys.iter().map(|(key, _)| *key).collect();
    let allowed = allowed.join(", ");
    keys.iter()
        .find(|(key, _)| *key == name)
        .map(|(_, column)| (given.to_owned(), Sort { column, descending }))
        .ok_or_else(|| {
            refuse(
                "sort",
                "unknown_sort_key",
                format!("Sort keys: {allowed}."),
                format!("Khóa sắp xếp: {allowed}."),
            )
        })
}

/// Of the filters and of the place itself, so that a cursor that was changed is refused.
fn fingerprint(filters: &[Filter], value: Option<&String>, key: &str) -> String {
    let digest = Sha256::digest(format!("{filters:?} {value:?} {key:?}"));
    URL_SAFE_NO_PAD.encode(digest.iter().take(9).copied().collect::<Vec<u8>>())
}

fn encode_value(value: &Value) -> String {
    match value {
        Value::Text(v) => format!("t{v}"),
        Value::BigInt(v) => format!("b{v}"),
        Value::Integer(v) => format!("i{v}"),
        Value::Bool(v) => format!("o{v}"),
        Value::Date(v) => format!("d{v}"),
        // No column that a list is sorted by holds several texts.
        Value::Texts(_) => String::new(),
    }
}

fn decode_value(text: &str) -> Option<Value> {
    let rest = text.get(1..)?;
    match text.chars().next()? {
        't' => Some(Value::Text(rest.to_owned())),
        'b' => rest.parse().ok().map(Value::BigInt),
        'i' => rest.parse().ok().map(Value::Integer),
        'o' => rest.parse().ok().map(Value::Bool),
        'd' => rest.parse().ok().map(Value::Date),
        _ => None,
    }
}

fn decode(cursor: &str, sort: &str, filters: &[Filter]) -> Result<After, Problem> {
    let token: Token = URL_SAFE_NO_PAD
        .decode(cursor)
        .ok()
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .ok_or_else(invalid_cursor)?;
    let print = fingerprint(filters, token.value.as_ref(), &token.key);
    if token.v != 1 || token.sort != sort || token.filters != print {
        return Err(invalid_cursor());
    }
    let value = match token.value {
        None => None,
        Some(text) => Some(decode_value(&text).ok_or_else(invalid_cursor)?),
    };
    Ok(After { value, key: token.key })
}

/// The limit, when it is one.
///
/// # Errors
/// 400.
pub fn check_limit(limit: u32) -> Result<u32, Problem> {
    if (1..=MAX_LIMIT).contains(&limit) {
        return Ok(limit);
    }
    Err(refuse("limit", "out_of_range", "A limit lies between 1 and 500.", "Giới hạn từ 1 đến 500."))
}

/// Answers a list: `{"items": […], "next_cursor": …}`, each record made a body by `view`. Its validator is its
/// content.
///
/// # Errors
/// 400 for a limit, a sort key or a cursor that isn't one; the database's.
pub async fn answer<R, V, B>(
    state: &AppState,
    request: &HttpRequest,
    paging: Paging,
    filters: impl IntoIterator<Item = Option<Filter>>,
    sort_keys: &[SortKey],
    view: V,
) -> Result<HttpResponse, Problem>
where
    R: ListedResource,
    V: Fn(Versioned<R::Record>) -> B,
    B: Serialize,
{
    answer_with::<R, V, B>(state, request, paging, filters, sort_keys, view, None).await
}

/// The tag of a record.
pub type TagOf<'a, R> = &'a dyn Fn(&Versioned<<R as Resource>::Record>) -> String;

/// [`answer`] whose validator is made of those of the records, which are much shorter than what is shown of them.
///
/// # Errors
/// Those of [`answer`].
pub async fn answer_with<R, V, B>(
    state: &AppState,
    request: &HttpRequest,
    paging: Paging,
    filters: impl IntoIterator<Item = Option<Filter>>,
    sort_keys: &[SortKey],
    view: V,
    tag: Option<TagOf<'_, R>>,
) -> Result<HttpResponse, Problem>
where
    R: ListedResource,
    V: Fn(Versioned<R::Record>) -> B,
    B: Serialize,
{
    let limit = check_limit(paging.limit.unwrap_or(DEFAULT_LIMIT))?;
    let (sort_name, sort) = sort_of(&paging, sort_keys)?;
    let mut filters: Vec<Filter> = filters.into_iter().flatten().collect();
    if let Some(text) = &paging.q {
        filters.push(contains(text));
    }
    let after = paging.cursor.as_deref().map(|cursor| decode(cursor, &sort_name, &filters)).transpose()?;
    let asked = Request { filters: filters.clone(), sort, after, limit };
    let page = crud::list::<R>(&state.store, frame::caller(), asked, paging.with_total).await?;
    let next_cursor = match page.items.last() {
        Some(last) if page.more => {
            let value = R::sort_value(&last.record, sort.column).as_ref().map(encode_value);
            let key = R::list_key(&last.record);
            let print = fingerprint(&filters, value.as_ref(), &key);
            let token = Token { v: 1, sort: sort_name, filters: print, value, key };
            serde_json::to_vec(&token).ok().map(|json| URL_SAFE_NO_PAD.encode(json))
        }
        _ => None,
    };
    let tag = tag.map(|tag| page_tag::<R>(&page, next_cursor.as_deref(), tag));
    let body = PageBody {
        items: page.items.into_iter().map(view).collect(),
        next_cursor: next_cursor.clone(),
        total: page.total,
    };
    let mut response = match tag {
        Some(tag) => respond::record(request, tag, &body),
        None => respond::computed(request, &body),
    };
    if let Some(cursor) = next_cursor
        && let Ok(value) =
            header::HeaderValue::from_str(&format!("<{}>; rel=\"next\"", next_link(request, &cursor)))
    {
        response.headers_mut().insert(header::LINK, value);
    }
    Ok(response)
}

/// The keys and the tags of the records of a page, and what it says beside them.
fn page_tag<R: ListedResource>(page: &Page<R::Record>, next: Option<&str>, tag: TagOf<'_, R>) -> String {
    let mut content = format!("{} {next:?} {:?}", R::NAME, page.total);
    for item in &page.items {
        // Neither a key nor a tag has control characters.
        content.push('\n');
        content.push_str(&R::key(&item.record));
        content.push('\n');
        content.push_str(&tag(item));
    }
    etag::of_content(content.as_bytes())
}

#[derive(Serialize)]
struct PageBody<B> {
    items: Vec<B>,
    next_cursor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<i64>,
}

fn next_link(request: &HttpRequest, cursor: &str) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in form_urlencoded::parse(request.query_string().as_bytes()) {
        if name != "cursor" {
            query.append_pair(&name, &value);
        }
    }
    query.append_pair("cursor", cursor);
    format!("{}?{}", request.path(), query.finish())
}

/// What a list must know of a record to go on behind it.
pub trait ListedResource: Resource {
    /// The value of a sort column; `None` where the record has none.
    fn sort_value(record: &Self::Record, column: &str) -> Option<Value>;

    /// The value of the key column.
    fn list_key(record: &Self::Record) -> String {
        Self::key(record)
    }
}
