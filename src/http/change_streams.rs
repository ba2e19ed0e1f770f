//! `/changes` as server-sent events.

use std::{
    convert::Infallible,
    time::{Duration, Instant},
};

use actix_web::{HttpRequest, HttpResponse, http::header, web};
use futures_util::stream;
use tokio::sync::OwnedSemaphorePermit;

use super::{
    changes::{decode, view},
    problem::Problem,
    state::AppState,
};
use crate::service::{
    changes::{self, FeedPage, Question},
    sight::Sight,
};

/// How often a stream says that it is still there when there is nothing to tell.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// How long a stream stays open: the caller's key is asked for when it comes again, and so is what it reaches.
const LONGEST: Duration = Duration::from_secs(300);

struct Follower {
    state: AppState,
    sight: Sight,
    question: Question,
    ends: Instant,
    /// What was read before the answer began.
    first: Option<FeedPage>,
    _place: OwnedSemaphorePermit,
}

/// Answers with a stream of changes.
///
/// # Errors
/// 400, 410, or 503 when too many streams are open.
pub async fn answer(
    state: &AppState,
    request: &HttpRequest,
    sight: Sight,
    mut question: Question,
) -> Result<HttpResponse, Problem> {
    if let Some(last) = request.headers().get("last-event-id") {
        // What is not ASCII is no cursor either.
        let last = last.to_str().unwrap_or("?");
        // A browser sends an empty one before it has read any event.
        if !last.is_empty() {
            question.after = Some(decode("Last-Event-ID", last)?);
        }
    }
    let place = state.following.enter()?;
    let first = changes::feed(&state.store, sight.clone(), question.clone()).await?;
    let follower = Follower {
        state: state.clone(),
        sight,
        question,
        ends: Instant::now() + LONGEST,
        first: Some(first),
        _place: place,
    };
    let events = stream::unfold(follower, |mut follower| async move {
        let piece = follower.next().await?;
        Some((Ok::<_, Infallible>(piece), follower))
    });
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        // Proxies that gather answers before they pass them on are asked not to.
        .insert_header(("X-Accel-Buffering", "no"))
        .streaming(events))
}

impl Follower {
    /// The next piece of the stream; none at its end.
    async fn next(&mut self) -> Option<web::Bytes> {
        let heartbeat = Instant::now() + HEARTBEAT;
        loop {
            let following = self.state.following.clone();
            if following.is_stopping() || self.ends <= Instant::now() {
                return None;
            }
            let known = following.state(&self.state.store).await;
            let page = match self.first.take() {
                Some(page) => page,
                None => self.read().await?,
            };
            self.question.after = Some(page.next);
            if !page.changes.is_empty() {
                return Some(events(page));
            }
            if page.more {
                continue;
            }
            if !following.news(&self.state.store, known.as_ref(), heartbeat.min(self.ends)).await {
                // The place is told too: much may have passed that the caller doesn't see.
                return (!following.is_stopping()).then(|| {
                    web::Bytes::from(format!(": still here\nid: {}\n\n", changes::cursor(page.next)))
                });
            }
        }
    }

    async fn read(&self) -> Option<FeedPage> {
        match changes::feed(&self.state.store, self.sight.clone(), self.question.clone()).await {
            Ok(page) => Some(page),
            // The answer has begun: it ends, and the caller comes again with the last id that it read.
            Err(error) => {
                tracing::warn!(error = ?error, "a stream of changes ends");
                None
            }
        }
    }
}

fn events(page: FeedPage) -> web::Bytes {
    let mut text = String::new();
    for change in page.changes.into_iter().map(view) {
        // JSON has no line breaks of its own, so that it is one line of data.
        let data = serde_json::to_string(&change).unwrap_or_default();
        text.push_str(&format!("id: {}\nevent: {}\ndata: {data}\n\n", change.cursor, change.action));
    }
    web::Bytes::from(text)
}
