//! Answers kept until the data changes: asked again, a computed answer is the one given before.
//!
//! Each worker keeps its own. An answer holds for the state of the database and the day that it was computed on,
//! never for a time: a write by anyone, this process or another, and midnight end it. Answers that need no more
//! than the address, its query and what is accepted are kept, and only those that were given; problems are told anew.
//! One that still holds is sent ([`again`]) before the request is read any further: no handler is looked for.

use std::{
    cell::RefCell,
    collections::{HashMap, VecDeque},
};

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        Method,
        header::{self, HeaderValue},
    },
    web::Bytes,
};
use serde::Serialize;

use super::{formats, frame, problem::Problem, respond, state::AppState};
use crate::{
    domain::time::{Day, Moment},
    store::State,
};

/// Most answers of a worker.
const ANSWERS: usize = 256;
/// Most bytes of a worker's answers.
const BYTES: usize = 8 * 1024 * 1024;

/// A computed answer with its validator.
#[derive(Debug, Clone)]
struct Answer {
    tag: String,
    body: Bytes,
    /// `Last-Modified`, where the figures have a moment from which they stand.
    modified: Option<HeaderValue>,
    /// Whether there are other forms of it.
    forms: Forms,
}

/// Whether an answer has other forms than JSON, by `Accept`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Forms {
    One,
    Several,
}

impl Forms {
    fn tell(self, response: HttpResponse) -> HttpResponse {
        match self {
            Self::One => response,
            Self::Several => formats::varied(response),
        }
    }
}

impl Answer {
    fn send(self, request: &HttpRequest) -> HttpResponse {
        let response =
            respond::dated(request, respond::with_tag(request, self.tag, self.body), self.modified);
        self.forms.tell(response)
    }
}

/// The answers of one worker, all of one state and one day.
#[derive(Default)]
struct Kept {
    of: Option<(State, Day)>,
    answers: HashMap<String, Answer>,
    /// Addresses from the oldest answer to the newest.
    order: VecDeque<String>,
    bytes: usize,
}

impl Kept {
    /// Lets go of what was of another state or day.
    fn turn_to(&mut self, of: &(State, Day)) {
        if self.of.as_ref() != Some(of) {
            *self = Self { of: Some(of.clone()), ..Self::default() };
        }
    }

    fn keep(&mut self, address: String, answer: Answer) {
        let size = |address: &str, answer: &Answer| address.len() + answer.body.len();
        let more = size(&address, &answer);
        if more > BYTES / 8 || self.answers.contains_key(&address) {
            return;
        }
        while self.answers.len() >= ANSWERS || self.bytes + more > BYTES {
            let Some(oldest) = self.order.pop_front() else { break };
            if let Some(gone) = self.answers.remove(&oldest) {
                self.bytes -= size(&oldest, &gone);
            }
        }
        self.bytes += more;
        self.order.push_back(address.clone());
        self.answers.insert(address, answer);
    }
}

thread_local! {
    static KEPT: RefCell<Kept> = RefCell::new(Kept::default());
}

/// Address and query, the form that is asked for, and who asks: what one caller may see is not what another one does.
fn address(request: &HttpRequest) -> String {
    let caller = frame::caller();
    let identity = caller.identity();
    let asked = request.uri().path_and_query().map_or("", |asked| asked.as_str());
    let mut address = String::with_capacity(asked.len() + identity.len() + 16);
    address.push_str(asked);
    for accept in request.headers().get_all(header::ACCEPT) {
        address.push(' ');
        address.push_str(accept.to_str().unwrap_or_default());
    }
    address.push('\n');
    address.push_str(&identity);
    address
}

/// The answer to a request that was answered before, when nothing has changed since.
pub async fn again(state: &AppState, request: &HttpRequest) -> Option<HttpResponse> {
    if *request.method() != Method::GET {
        return None;
    }
    let today = state.today();
    let address = address(request);
    // Most requests are for nothing that is kept: the database is not asked for them.
    if !KEPT.with_borrow(|kept| kept.answers.contains_key(&address)) {
        return None;
    }
    let of = (frame::state(&state.store).await?, today);
    let found = KEPT.with_borrow_mut(|kept| {
        kept.turn_to(&of);
        kept.answers.get(&address).cloned()
    });
    Some(found?.send(request))
}

/// Answers with what `compute` gives for a day, and keeps it for who asks again.
///
/// # Errors
/// Those of `compute`.
pub async fn answer<T, F>(
    state: &AppState,
    request: &HttpRequest,
    compute: F,
) -> Result<HttpResponse, Problem>
where
    T: Serialize,
    F: AsyncFnOnce(Day) -> Result<T, Problem>,
{
    keep(state, request, Forms::One, async |today| {
        let (tag, body) = respond::tagged(&compute(today).await?);
        Ok(Computed::Whole(tag, body, None))
    })
    .await
}

/// [`answer`] for what has other forms by `Accept`, where `compute` also tells the moment from which its figures stand
/// as they are: that of publication.
///
/// # Errors
/// Those of `compute`.
pub async fn answer_dated<T, F>(
    state: &AppState,
    request: &HttpRequest,
    compute: F,
) -> Result<HttpResponse, Problem>
where
    T: Serialize,
    F: AsyncFnOnce(Day) -> Result<(T, Option<Moment>), Problem>,
{
    answer_written(state, request, async |today| {
        let (body, modified) = compute(today).await?;
        let (tag, body) = respond::tagged(&body);
        Ok(Computed::Whole(tag, body, modified))
    })
    .await
}

/// What was computed.
pub enum Computed {
    /// An answer that is kept: its validator, its body, and the moment from which its figures stand.
    Whole(String, Bytes, Option<Moment>),
    /// One that is too large to be kept, as it is sent.
    Sent(HttpResponse),
}

/// [`answer_dated`], where `compute` gives the body as it is sent.
///
/// # Errors
/// Those of `compute`.
pub async fn answer_written<F>(
    state: &AppState,
    request: &HttpRequest,
    compute: F,
) -> Result<HttpResponse, Problem>
where
    F: AsyncFnOnce(Day) -> Result<Computed, Problem>,
{
    keep(state, request, Forms::Several, compute).await
}

async fn keep<F>(
    state: &AppState,
    request: &HttpRequest,
    forms: Forms,
    compute: F,
) -> Result<HttpResponse, Problem>
where
    F: AsyncFnOnce(Day) -> Result<Computed, Problem>,
{
    let today = state.today();
    // The state is asked for before the figures are read: they are of this state or of a later one, and a later
    // one is told apart by the next request.
    let of = frame::state(&state.store).await.map(|state| (state, today));
    if let Some(of) = &of {
        KEPT.with_borrow_mut(|kept| kept.turn_to(of));
    }
    let answer = match compute(today).await? {
        Computed::Whole(tag, body, modified) => {
            Answer { tag, body, modified: modified.and_then(respond::http_date), forms }
        }
        Computed::Sent(response) => return Ok(forms.tell(response)),
    };
    KEPT.with_borrow_mut(|kept| {
        // Another request of this worker may have seen a newer state while this one was computed.
        if of.is_some() && kept.of == of {
            kept.keep(address(request), answer.clone());
        }
    });
    Ok(answer.send(request))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(bytes: usize) -> Answer {
        Answer { tag: String::new(), body: Bytes::from(vec![b' '; bytes]), modified: None, forms: Forms::One }
    }

    #[test]
    fn what_is_kept_is_bounded_and_the_oldest_goes_first() {
        let mut kept = Kept::default();
        for i in 0..ANSWERS + 10 {
            kept.keep(format!("{i}"), answer(10));
        }
        assert_eq!((kept.answers.len(), kept.order.len()), (ANSWERS, ANSWERS));
        assert!(!kept.answers.contains_key("9") && kept.answers.contains_key("10"));
        kept.keep("too large".to_owned(), answer(BYTES / 8));
        assert!(!kept.answers.contains_key("too large"));
        for i in 0..100 {
            kept.keep(format!("large {i}"), answer(BYTES / 10));
        }
        assert!(kept.bytes <= BYTES);
        let counted: usize = kept.answers.iter().map(|(k, a)| k.len() + a.body.len()).sum();
        assert_eq!(counted, kept.bytes);
    }
}
