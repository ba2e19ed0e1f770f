//! Which operation a request asks for, found a segment at a time, and what it asks of its caller.
//!
//! Access is decided before actix looks for a handler, so both must read an address in the same way: segments are those
//! of the decoded address that actix routes by (`%6F` is `o`), and what is found here under no operation reaches no
//! handler. A fixed segment comes before a parameter: no record can be reached by a word that is an address of its own.

use std::{collections::HashMap, str::Split, sync::OnceLock};

use actix_web::{dev::ServiceRequest, http::Method};

use super::{
    access::{Rule, rule_of},
    crud::API,
    document,
};

/// What was found at an address. What is decided by the address of a request is decided by this, not by its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Route {
    /// The address with its parameters as names; none where nothing is documented.
    pub pattern: Option<&'static str>,
    /// What the operation asks of its caller; none where the address has no operation of this method.
    pub rule: Option<Rule>,
}

impl Route {
    /// Whether it is asked how the service is.
    pub fn is_health(&self) -> bool {
        matches!(self.pattern, Some("/health/live" | "/health/ready"))
    }

    /// Whether it is asked what has changed.
    pub fn is_changes(&self) -> bool {
        self.pattern.is_some_and(|pattern| pattern.strip_prefix(API) == Some("/changes"))
    }

    /// Whether a file is sent.
    pub fn takes_file(&self) -> bool {
        self.pattern.is_some_and(|pattern| {
            pattern.ends_with("/imports/dossiers") || pattern.ends_with("/score-imports")
        })
    }
}

/// The addresses that begin with the same segments.
#[derive(Default)]
struct Node {
    fixed: HashMap<&'static str, Node>,
    parameter: Option<Box<Node>>,
    pattern: Option<&'static str>,
    rules: Vec<(Method, Rule)>,
}

impl Node {
    fn all() -> &'static Self {
        static ALL: OnceLock<Node> = OnceLock::new();
        ALL.get_or_init(|| {
            let mut all = Self::default();
            for operation in document::operations() {
                if let Ok(method) = Method::from_bytes(operation.method.as_bytes()) {
                    all.add(operation.pattern, method, rule_of(operation.id));
                }
            }
            all
        })
    }

    fn add(&mut self, pattern: &'static str, method: Method, rule: Rule) {
        let mut node = self;
        for segment in pattern.split('/') {
            node = match segment.starts_with('{') {
                true => node.parameter.get_or_insert_default(),
                false => node.fixed.entry(segment).or_default(),
            };
        }
        node.pattern = Some(pattern);
        node.rules.push((method, rule));
    }

    /// The address of these segments.
    fn find(&self, mut segments: Split<'_, char>) -> Option<&Self> {
        let Some(segment) = segments.next() else { return Some(self).filter(|node| node.pattern.is_some()) };
        let fixed = self.fixed.get(segment).and_then(|node| node.find(segments.clone()));
        fixed.or_else(|| self.parameter.as_ref().filter(|_| !segment.is_empty())?.find(segments))
    }

    fn rule(&self, method: &Method) -> Option<Rule> {
        self.rules.iter().find(|(of, _)| of == method).map(|(_, rule)| *rule)
    }
}

/// What a decoded address is, for a method.
pub fn find(method: &Method, path: &str) -> Route {
    match Node::all().find(path.split('/')) {
        Some(node) => Route { pattern: node.pattern, rule: node.rule(method) },
        None => Route::default(),
    }
}

/// What a request asks for.
pub fn of_request(request: &ServiceRequest) -> Route {
    find(request.method(), request.match_info().as_str())
}

/// Whether a request asks for the documentation pages.
pub fn is_documentation(request: &ServiceRequest) -> bool {
    request.match_info().as_str().starts_with("/docs")
}

/// Whether a request may reach no handler, because its address is one of the interface and names no operation.
pub fn leads_nowhere(request: &ServiceRequest, route: &Route) -> bool {
    route.rule.is_none() && (route.pattern.is_some() || request.match_info().as_str().starts_with(API))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::document::Operation;

    fn found(method: Method, path: &str) -> (Option<&'static str>, bool) {
        let route = find(&method, path);
        (route.pattern, route.rule.is_some())
    }

    #[test]
    fn every_operation_is_found_at_its_address() {
        for &Operation { method, pattern, id } in document::operations() {
            let filled =
                |segment: &str| if segment.starts_with('{') { "7".to_owned() } else { segment.to_owned() };
            let path = pattern.split('/').map(filled).collect::<Vec<_>>().join("/");
            let method = Method::from_bytes(method.as_bytes()).unwrap_or_default();
            assert_eq!(found(method, &path), (Some(pattern), true), "{id}");
        }
    }

    #[test]
    fn a_fixed_segment_comes_before_a_parameter() {
        let (dossier, export) = (Some("/api/v1/dossiers/{code}"), Some("/api/v1/dossiers/export"));
        assert_eq!(found(Method::GET, "/api/v1/dossiers/export"), (export, true));
        assert_eq!(found(Method::DELETE, "/api/v1/dossiers/export"), (export, false));
        assert_eq!(found(Method::GET, "/api/v1/dossiers/H20.1"), (dossier, true));
        assert_eq!(found(Method::POST, "/api/v1/dossiers/H20.1"), (dossier, false));
        for path in ["/api/v1/dossiers/", "/api/v1/dossiers/a/b", "//api/v1/dossiers", "/api/v1", "", "/"] {
            assert_eq!(found(Method::GET, path), (None, false), "{path}");
        }
    }
}
