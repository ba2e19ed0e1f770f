//! What is asked of the service: each workload writes the bytes of its next request.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use chrono::{Days, NaiveDate};
use serde_json::Value;

use crate::{
    Result,
    client::{Clients, Requests},
    service::{Service, headers},
};

/// Where resources are.
pub const API: &str = "/api/v1";
/// The district of the sample.
pub const DISTRICT: &str = "gso-874";
/// Connections of a load.
const CONNECTIONS: usize = 16;

/// What the requests name.
pub struct Subject<'a> {
    /// The district and its communes.
    pub units: Vec<String>,
    /// Gives the code of a dossier that is there, for any number.
    pub code: Box<dyn Fn(u64) -> String + Send + Sync + 'a>,
    /// How many dossiers were sent: each has a code of its own.
    pub sent: &'a AtomicU64,
}

/// As many connections as a load has, asking without a pause.
pub fn crowd(requests: Requests<'_>) -> Clients<'_> {
    Clients { connections: CONNECTIONS, every: None, requests }
}

/// One connection that sends a dossier every 50 ms: no answer holds for longer.
pub fn trickle<'a>(subject: &Subject<'a>) -> Clients<'a> {
    Clients { connections: 1, every: Some(Duration::from_millis(50)), requests: posts(subject) }
}

fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\n{}\r\n", headers()).into_bytes()
}

/// A request with a body of JSON.
pub fn send(method: &str, path: &str, body: &str, request: &mut Vec<u8>) {
    let head = format!(
        "{method} {path} HTTP/1.1\r\n{}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        headers(),
        body.len()
    );
    request.extend_from_slice(head.as_bytes());
    request.extend_from_slice(body.as_bytes());
}

/// The same request over and over, by someone who has the answer of this validator.
pub fn known(path: &str, tag: &str) -> Requests<'static> {
    let bytes = format!("GET {path} HTTP/1.1\r\n{}If-None-Match: {tag}\r\n\r\n", headers()).into_bytes();
    Box::new(move |_, request| request.extend_from_slice(&bytes))
}

/// The same request over and over.
pub fn same(path: &str) -> Requests<'static> {
    let bytes = get(path);
    Box::new(move |_, request| request.extend_from_slice(&bytes))
}

/// A number without order for each number, the same in every run (splitmix64).
pub fn scattered(number: u64) -> u64 {
    let z = number.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// Dossiers by their codes, in no order.
pub fn dossiers<'a>(subject: &'a Subject<'_>) -> Requests<'a> {
    let end = format!(" HTTP/1.1\r\n{}\r\n", headers());
    Box::new(move |number, request| {
        request.extend_from_slice(b"GET /api/v1/dossiers/");
        request.extend_from_slice((subject.code)(scattered(number)).as_bytes());
        request.extend_from_slice(end.as_bytes());
    })
}

/// The first page of a unit's dossiers of some months, newest first.
pub fn first_page() -> String {
    format!(
        "{API}/dossiers?unit_id={DISTRICT}&accepted_from=2020-03-01&accepted_to=2020-06-30&sort=-accepted_at&limit=50"
    )
}

/// The address of the last page behind the first: walked to once.
///
/// # Errors
/// Those of the requests.
pub fn last_page(service: &Service) -> Result<String> {
    let mut path = first_page();
    loop {
        let page = service.get(&path)?;
        let Some(cursor) = page["next_cursor"].as_str() else { return Ok(path) };
        path = format!("{}&cursor={cursor}", first_page());
    }
}

/// Codes of every dossier.
///
/// # Errors
/// Those of the requests.
pub fn codes(service: &Service) -> Result<Vec<String>> {
    let mut codes = Vec::new();
    let mut path = format!("{API}/dossiers?limit=500");
    loop {
        let page = service.get(&path)?;
        let items = page["items"].as_array().ok_or("a page without items")?;
        codes.extend(items.iter().filter_map(|dossier| dossier["code"].as_str()).map(str::to_owned));
        let Some(cursor) = page["next_cursor"].as_str() else { return Ok(codes) };
        path = format!("{API}/dossiers?limit=500&cursor={cursor}");
    }
}

/// New dossiers, each with a code of its own.
pub fn posts<'a>(subject: &Subject<'a>) -> Requests<'a> {
    let (sent, units) = (subject.sent, subject.units.clone());
    Box::new(move |_, request| {
        let number = sent.fetch_add(1, Ordering::Relaxed);
        let unit = units.get(number as usize % units.len()).map_or(DISTRICT, String::as_str);
        let body = format!(
            "{{\"code\":\"000.99.15.H20-210302-{number:08}\",\"unit_id\":\"{unit}\",\
             \"procedure_code\":\"1.012784\",\"field\":\"Đất đai\",\"submitted_via\":\"online\",\
             \"online_level\":\"4\",\"accepted_at\":\"2021-03-02T08:00:00+07:00\",\
             \"due_at\":\"2021-03-18T17:00:00+07:00\",\"status\":4,\"synthetic\":true}}"
        );
        send("POST", &format!("{API}/dossiers"), &body, request);
    })
}

/// Statistics of a year: the district and its communes in turn, the years 2019 to 2021, and `as_of` on days after
/// all of them. Such a day changes no figure, and no question comes again in 50,000.
pub fn statistics(subject: &Subject<'_>, group_by: &str) -> Requests<'static> {
    const DAYS: u64 = 1200;
    let mut questions = Vec::new();
    for year in 2019..=2021 {
        for unit in &subject.units {
            questions.push(format!(
                "GET {API}/dossier-statistics?unit_id={unit}&period={year}&group_by={group_by}&as_of="
            ));
        }
    }
    let first = NaiveDate::from_ymd_opt(2022, 1, 1).unwrap_or_default();
    let day = |n| first.checked_add_days(Days::new(n)).map(|day| day.to_string());
    let days: Vec<String> = (0..DAYS).filter_map(day).collect();
    let end = format!(" HTTP/1.1\r\n{}\r\n", headers());
    Box::new(move |number, request| {
        let number = number as usize;
        let question = questions.get(number % questions.len());
        let day = days.get(number / questions.len() % days.len());
        if let (Some(question), Some(day)) = (question, day) {
            request.extend_from_slice(question.as_bytes());
            request.extend_from_slice(day.as_bytes());
            request.extend_from_slice(end.as_bytes());
        }
    })
}

/// The district's year, always the same question.
pub fn one_question() -> String {
    format!("{API}/dossier-statistics?unit_id={DISTRICT}&period=2020&group_by=unit")
}

/// The district's province, the district and its communes, each after the one above it.
///
/// # Errors
/// Those of the requests.
pub fn units(service: &Service) -> Result<Vec<Value>> {
    let mut units = Vec::new();
    let mut above = service.get(&format!("{API}/units/{DISTRICT}"))?;
    while let Some(parent) = above["parent_id"].as_str().map(str::to_owned) {
        units.insert(0, above);
        above = service.get(&format!("{API}/units/{parent}"))?;
    }
    units.insert(0, above);
    let page = service.get(&format!("{API}/units?parent_id={DISTRICT}&limit=500"))?;
    units.extend(page["items"].as_array().ok_or("a page without items")?.iter().cloned());
    Ok(units)
}
