//! The five operations of a resource over HTTP, written once.
//!
//! A resource says how its body is read and shown ([`Exposed`]); its file keeps the handlers, which name the
//! address, document it and call these functions.

use std::borrow::Cow;

use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{
    body::{Body, from_value, merge, read_query},
    etag, frame,
    page::{self, ListedResource, Paging, SortKey},
    problem::Problem,
    respond,
    state::AppState,
};
use crate::{
    domain::{time::Day, violation::Violation},
    service::{
        crud::{self, Absent, Precondition, Proposal, Written},
        error::Error,
    },
    store::{Versioned, list::Filter},
};

/// Base path of the interface.
pub const API: &str = "/api/v1";

/// No query parameter at all.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoQuery {}

/// How a resource is read and shown.
pub trait Exposed: ListedResource {
    /// The body of an answer.
    type View: Serialize;
    /// The body of a request.
    type Input: DeserializeOwned + Send + 'static;

    /// The record as callers see it on a day.
    fn view(record: Versioned<Self::Record>, today: Day) -> Self::View;

    /// What of the view changes without a write to the record, as a part of a tag.
    fn derived(_record: &Self::Record, _today: Day) -> Option<Cow<'static, str>> {
        None
    }

    /// The state that a body asks for; `old` is the record as it is.
    ///
    /// # Errors
    /// `Malformed` or `Invalid`.
    fn proposal(
        input: Self::Input,
        key: Key,
        old: Option<&Self::Record>,
    ) -> Result<Proposal<Self::Record>, Error>;

    /// The record's address.
    fn location(record: &Self::Record) -> String {
        format!("{API}/{}/{}", Self::NAME, respond::segment(&Self::key(record)))
    }
}

/// Where a record's key comes from.
#[derive(Debug, Clone)]
pub struct Key(Option<String>);

impl Key {
    /// No path says it.
    pub const fn of_body() -> Self {
        Self(None)
    }

    /// The key of a path.
    pub fn of_path(path: String) -> Self {
        Self(Some(path))
    }

    /// The key of the path, where there is one; the body may repeat it.
    ///
    /// # Errors
    /// 422 when the body says another key than the path, or when neither says one.
    pub fn or_body(self, pointer: &str, body: Option<String>) -> Result<String, Error> {
        let body = body.map(|key| crate::domain::text::clean(&key));
        match (self.0, body) {
            (Some(path), body) => repeated(pointer, path, body),
            (None, Some(key)) => Ok(key),
            (None, None) => Err(required(pointer)),
        }
    }

    /// The key of the path, or a new one made here; what the body says must not differ from the path.
    ///
    /// # Errors
    /// 422 when the body says another key than the path.
    pub fn or_new(self, pointer: &str, body: Option<String>) -> Result<String, Error> {
        match self.0 {
            Some(_) => self.or_body(pointer, body),
            None => Ok(Self::new_id()),
        }
    }

    /// An id that no record has; ids made later sort later.
    pub fn new_id() -> String {
        uuid::Uuid::now_v7().to_string()
    }

    /// The key of the path.
    pub fn path(&self) -> Option<&str> {
        self.0.as_deref()
    }
}

/// A part of the key in the path, which the body may repeat.
///
/// # Errors
/// 422 when the body says another.
pub fn repeated<T: PartialEq>(pointer: &str, path: T, body: Option<T>) -> Result<T, Error> {
    if body.is_some_and(|body| body != path) {
        return Err(Error::invalid(
            pointer,
            "key_mismatch",
            "The key in the body is not that of the path.",
            "Khóa trong nội dung khác với khóa trên đường dẫn.",
        ));
    }
    Ok(path)
}

/// A required member that is missing.
pub fn required(pointer: &str) -> Error {
    let name = pointer.trim_start_matches('/');
    Error::Invalid(vec![Violation::new(
        pointer,
        "required",
        format!("`{name}` is required."),
        format!("Bắt buộc có `{name}`."),
    )])
}

/// A key from a path: no record has control characters in its key, and PostgreSQL can't even be asked.
///
/// # Errors
/// 404.
pub fn path_key<R: crud::Resource>(key: &str) -> Result<String, Problem> {
    if key.chars().any(char::is_control) {
        return Err(Error::not_found(R::NAME, key).into());
    }
    Ok(crate::domain::text::clean(key))
}

/// Refuses every query parameter, where the address has none.
///
/// Handlers don't read the query first: an unknown address and a body of another type come before it.
///
/// # Errors
/// 400.
pub fn no_query(request: &HttpRequest) -> Result<(), Problem> {
    read_query::<NoQuery>(request.query_string()).map(drop)
}

/// What the request says beside its body: no parameter, and what it knows of the record.
fn known(request: &HttpRequest) -> Result<Precondition, Problem> {
    no_query(request)?;
    etag::precondition(request)
}

/// A problem of a request that writes a record, unless the record that must be there isn't, or isn't the caller's.
async fn behind<R: Exposed>(state: &AppState, key: String, absent: Absent, problem: Problem) -> Problem {
    match crud::check::<R>(&state.store, frame::caller(), key, Precondition::None, absent).await {
        Ok(()) => problem,
        Err(error) => error.into(),
    }
}

/// A problem of a request about a record, unless the record isn't there: that is told first.
///
/// To who may write a record it is there, also where it may not be read.
async fn behind_404<R: Exposed>(state: &AppState, key: String, problem: Problem) -> Problem {
    let caller = frame::caller();
    let Err(unseen) = crud::get::<R>(&state.store, caller.clone(), key.clone()).await else { return problem };
    match crud::check::<R>(&state.store, caller, key, Precondition::None, Absent::Refuse).await {
        Ok(()) => problem,
        Err(_) => unseen.into(),
    }
}

/// The key, body and query of a `POST` about a record; that the record isn't there is told before what is wrong
/// with them.
///
/// # Errors
/// 404, or what is wrong with the body or the query.
pub async fn read_about<R: Exposed, I: DeserializeOwned, Q: DeserializeOwned>(
    state: &AppState,
    request: &HttpRequest,
    key: &str,
    body: Body,
) -> Result<(String, I, Q), Problem> {
    let key = path_key::<R>(key)?;
    match body.read::<I>().and_then(|input| Ok((input, read_query::<Q>(request.query_string())?))) {
        Ok((input, query)) => Ok((key, input, query)),
        Err(problem) => Err(behind_404::<R>(state, key, problem).await),
    }
}

/// The tag of a record on a day.
pub fn tag<R: Exposed>(record: &Versioned<R::Record>, today: Day) -> String {
    etag::of_record(record.version, R::derived(&record.record, today).as_deref())
}

/// `GET` of a list.
pub async fn list<R: Exposed>(
    state: &AppState,
    request: &HttpRequest,
    paging: Paging,
    filters: impl IntoIterator<Item = Option<Filter>>,
    sort_keys: &[SortKey],
) -> Result<HttpResponse, Problem> {
    let today = state.today();
    let view = |record: Versioned<R::Record>| R::view(record, today);
    let tag = |record: &Versioned<R::Record>| tag::<R>(record, today);
    page::answer_with::<R, _, _>(state, request, paging, filters, sort_keys, view, Some(&tag)).await
}

/// `GET` of a record.
pub async fn get<R: Exposed>(
    state: &AppState,
    request: &HttpRequest,
    key: &str,
) -> Result<HttpResponse, Problem> {
    let record = crud::get::<R>(&state.store, frame::caller(), path_key::<R>(key)?).await?;
    no_query(request)?;
    let today = state.today();
    Ok(respond::record(request, tag::<R>(&record, today), &R::view(record, today)))
}

/// `POST` of a new record.
pub async fn post<R: Exposed>(
    state: &AppState,
    request: &HttpRequest,
    body: Body,
) -> Result<HttpResponse, Problem> {
    let input = body.read();
    if input.as_ref().err().is_none_or(Problem::is_validation) {
        no_query(request)?;
    }
    let proposal = R::proposal(input?, Key::of_body(), None)?;
    let record = crud::create::<R>(&state.store, state.context(), proposal).await?;
    let today = state.today();
    let (location, tag) = (R::location(&record.record), tag::<R>(&record, today));
    Ok(respond::created(&location, tag, &R::view(record, today)))
}

/// `PUT` of a record by its key.
pub async fn put<R: Exposed>(
    state: &AppState,
    request: &HttpRequest,
    key: &str,
    body: Body,
    absent: Absent,
) -> Result<HttpResponse, Problem> {
    let key = path_key::<R>(key)?;
    let (input, precondition) = match (body.read::<R::Input>(), known(request)) {
        (Ok(input), Ok(precondition)) => (input, precondition),
        // A member that is missing is a broken rule (422), told after a stale precondition (412).
        (Err(problem), Ok(precondition)) if problem.is_validation() => {
            crud::check::<R>(&state.store, frame::caller(), key, precondition, absent).await?;
            return Err(problem);
        }
        // What can't be read beside the body comes before a missing member.
        (Err(lacking), Err(problem)) if lacking.is_validation() => {
            return Err(behind::<R>(state, key, absent, problem).await);
        }
        (Err(problem), _) | (_, Err(problem)) => {
            return Err(behind::<R>(state, key, absent, problem).await);
        }
    };
    let path = Key(Some(key.clone()));
    let build = move |old: Option<&Versioned<R::Record>>| R::proposal(input, path, old.map(|o| &o.record));
    let (record, written) =
        crud::replace::<R, _>(&state.store, state.context(), key, precondition, absent, build).await?;
    let today = state.today();
    let (location, tag) = (R::location(&record.record), tag::<R>(&record, today));
    let view = R::view(record, today);
    Ok(match written {
        Written::Created => respond::created(&location, tag, &view),
        Written::Replaced => respond::written(tag, &view),
    })
}

/// `PATCH` of a record by its key: a merge patch of what `GET` gives.
pub async fn patch<R: Exposed>(
    state: &AppState,
    request: &HttpRequest,
    key: &str,
    body: Body,
) -> Result<HttpResponse, Problem> {
    let key = path_key::<R>(key)?;
    let (patch, precondition) = match (body.read_patch(), known(request)) {
        (Ok(patch), Ok(precondition)) => (patch, precondition),
        (Err(problem), _) | (_, Err(problem)) => {
            return Err(behind::<R>(state, key, Absent::Refuse, problem).await);
        }
    };
    let path = Key(Some(key.clone()));
    let today = state.today();
    let build = move |old: Option<&Versioned<R::Record>>| {
        let old = old.ok_or_else(|| Error::not_found(R::NAME, path.path().unwrap_or_default()))?;
        let mut value = serde_json::to_value(R::view(old.clone(), today))
            .map_err(|e| Error::Store(crate::store::StoreError::Other(e.to_string())))?;
        let names: Vec<String> =
            patch.as_object().map(|members| members.keys().cloned().collect()).unwrap_or_default();
        merge(&mut value, patch);
        let proposal = R::proposal(from_value(value)?, path, Some(&old.record))?;
        R::check_patch(&names, &proposal, &old.record)?;
        Ok(proposal)
    };
    let (record, _) =
        crud::replace::<R, _>(&state.store, state.context(), key, precondition, Absent::Refuse, build)
            .await?;
    Ok(respond::written(tag::<R>(&record, today), &R::view(record, today)))
}

/// `DELETE` of a record by its key.
pub async fn delete<R: Exposed>(
    state: &AppState,
    request: &HttpRequest,
    key: &str,
) -> Result<HttpResponse, Problem> {
    let key = path_key::<R>(key)?;
    let precondition = match known(request) {
        Ok(precondition) => precondition,
        Err(problem) => return Err(behind::<R>(state, key, Absent::Refuse, problem).await),
    };
    crud::delete::<R>(&state.store, state.context(), key, precondition).await?;
    Ok(HttpResponse::NoContent().finish())
}
