//! Where the handlers of a file go: to the server, which answers by them, or into the document, which describes them.
//!
//! Both are made from the one list of files in `app`. A server that starts describes nothing: the schemas of all
//! handlers cost more time and memory than all else that it does before its first answer.

use actix_web::{dev::HttpServiceFactory, web};
use utoipa::openapi::OpenApi;
use utoipa_actix_web::OpenApiFactory;

/// Takes handlers.
pub enum Endpoints<'a> {
    /// Answer by them.
    Served(&'a mut web::ServiceConfig),
    /// Describe them.
    Described(&'a mut OpenApi),
}

impl Endpoints<'_> {
    /// Takes a handler.
    pub fn service<F>(&mut self, handler: F) -> &mut Self
    where
        F: HttpServiceFactory + OpenApiFactory + 'static,
    {
        match self {
            Self::Served(config) => {
                config.service(handler);
            }
            Self::Described(document) => {
                document.paths.merge(handler.paths());
                let mut schemas = Vec::new();
                handler.schemas(&mut schemas);
                document.components.get_or_insert_default().schemas.extend(schemas);
            }
        }
        self
    }
}
