//! What a route tells of itself.

use estafette_protocol::ErrorCode;
use estafette_protocol::typescript::TypeRef;
use serde_json::Value;
use std::collections::BTreeSet;

/// The form of a JSON value.
#[derive(Debug, Clone)]
pub enum Shape {
    /// That of a type of the protocol.
    Type(TypeRef),
    /// A JSON Schema.
    Json(Value),
}

/// What an answer that is no refusal carries.
#[derive(Debug, Clone)]
pub enum Answer {
    /// JSON of this form, with 200.
    Json(Shape),
    /// One of these media types, with 200.
    Media(&'static [&'static str]),
    /// Nothing, with 204.
    Empty,
    /// The way to another page, with 303.
    Redirect,
    /// An upgrade, with 101.
    Upgrade,
    /// JSON that nobody described: a defect, which a test finds.
    Unknown,
}

/// What a request's body is.
#[derive(Debug, Clone)]
pub enum Body {
    /// JSON of this form.
    Json(Shape),
    /// The fields of a form, as browsers send it.
    Form(Shape),
    /// A multipart form with the field `file`.
    File,
    /// Either.
    JsonOrFile(Shape),
}

/// One route, for the description.
#[derive(Debug, Clone)]
pub struct RouteDoc {
    /// `get`, `post`, `patch`, `put`, `delete`.
    pub method: &'static str,
    /// As actix writes it: `/v1/cv/files/{id}`.
    pub path: &'static str,
    /// What it does, a few words.
    pub summary: &'static str,
    /// Its group: the product.
    pub tag: &'static str,
    /// Whether it needs an access token.
    pub signed_in: bool,
    /// The call that is the same over a socket.
    pub call: Option<&'static str>,
    /// The body, if it takes one.
    pub body: Option<Body>,
    /// The queries, each an object whose properties are parameters.
    pub queries: Vec<Shape>,
    /// The answer.
    pub answer: Answer,
    /// The status of the answer where it is not the usual one.
    pub status: Option<u16>,
    /// Refusals beside those that its form brings along ([`RouteDoc::refusals`]).
    pub also: Vec<ErrorCode>,
}

impl RouteDoc {
    /// A route that needs a token and whose bodies are not described.
    pub const fn new(method: &'static str, path: &'static str, tag: &'static str, summary: &'static str) -> Self {
        Self {
            method,
            path,
            summary,
            tag,
            signed_in: true,
            call: None,
            body: None,
            queries: Vec::new(),
            answer: Answer::Unknown,
            status: None,
            also: Vec::new(),
        }
    }
    /// Open to everybody.
    #[must_use]
    pub const fn open(mut self) -> Self {
        self.signed_in = false;
        self
    }
    /// The call that is the same over a socket.
    #[must_use]
    pub const fn call(mut self, call: &'static str) -> Self {
        self.call = Some(call);
        self
    }
    /// With a body of this schema.
    #[must_use]
    pub fn takes(mut self, schema: Value) -> Self {
        self.body = Some(Body::Json(Shape::Json(schema)));
        self
    }
    /// With the fields of a form: a schema of an object.
    #[must_use]
    pub fn takes_form(mut self, schema: Value) -> Self {
        self.body = Some(Body::Form(Shape::Json(schema)));
        self
    }
    /// With a multipart body whose field `file` is the file.
    #[must_use]
    pub fn takes_file(mut self) -> Self {
        self.body = Some(Body::File);
        self
    }
    /// With parameters in the query: a schema of an object.
    #[must_use]
    pub fn asks(mut self, schema: Value) -> Self {
        self.queries.push(Shape::Json(schema));
        self
    }
    /// Answers with this schema.
    #[must_use]
    pub fn gives(mut self, schema: Value) -> Self {
        self.answer = Answer::Json(Shape::Json(schema));
        self
    }
    /// Answers with a document of one of these media types.
    #[must_use]
    pub fn gives_media(mut self, media: &'static [&'static str]) -> Self {
        self.answer = Answer::Media(media);
        self
    }
    /// Answers with nothing (204).
    #[must_use]
    pub fn gives_nothing(mut self) -> Self {
        self.answer = Answer::Empty;
        self
    }
    /// Leads to another page (303).
    #[must_use]
    pub fn redirects(mut self) -> Self {
        self.answer = Answer::Redirect;
        self
    }
    /// Answers with this status and not the usual one.
    #[must_use]
    pub const fn with_status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }
    /// May also be refused for these reasons.
    #[must_use]
    pub fn refuses(mut self, codes: &[ErrorCode]) -> Self {
        self.also.extend_from_slice(codes);
        self
    }

    /// The names in the path.
    pub fn path_names(&self) -> impl Iterator<Item = &'static str> {
        let path: &'static str = self.path;
        path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')?.split(':').next())
    }

    /// Whether it changes something.
    pub fn writes(&self) -> bool {
        self.method != "get"
    }

    /// The statuses of its refusals: what follows from its form, and what it says itself. 500 is in no list: it is a
    /// defect wherever it comes.
    pub fn refusals(&self) -> BTreeSet<u16> {
        let mut codes = self.also.clone();
        // Who looks after the server is never refused for its load.
        let minds = self.tag == "server";
        if !minds {
            codes.push(ErrorCode::Unavailable);
        }
        if !minds || self.path.contains('{') {
            codes.push(ErrorCode::BadRequest);
        }
        if self.signed_in {
            codes.extend([ErrorCode::Unauthenticated, ErrorCode::Forbidden]);
        } else if !minds {
            codes.push(ErrorCode::RateLimited);
        }
        if self.path.contains('{') {
            codes.push(ErrorCode::NotFound);
        }
        if self.writes() && self.call.is_some() {
            // The idempotency key may be one of another call.
            codes.push(ErrorCode::Conflict);
        }
        if self.body.is_some() {
            codes.push(ErrorCode::PayloadTooLarge);
        }
        codes.into_iter().map(ErrorCode::http_status).collect()
    }
}
