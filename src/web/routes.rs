//! Every route of the program, one row each, with what one must be allowed to call it. The router is made from the rows.

use std::convert::Infallible;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::Method;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, get, post};
use quittance_rules::users::{Role, Scope};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::timeout::TimeoutLayer;

use crate::error::WebError;
use crate::state::{Desk, Web};
use crate::{assets, guard, pages};

/// The longest a request may take: a large statement is taken in while its sender waits.
const REQUEST_MAX: Duration = Duration::from_secs(600);

/// Who may call a route at all. What a handler shows of which entity is for the handler ([`crate::Session::demand`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anybody, a machine too; nothing is looked at.
    Open,
    /// Anybody with a browser; a change needs the form token.
    Visitor,
    /// Anybody signed in.
    SignedIn,
    /// Whoever has this role, or a higher one, on at least one entity.
    Role(Role),
    /// Whoever has this role, or a higher one, on all entities.
    Everywhere(Role),
}

/// How the entity matters to a route, for the test that tries all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// Not at all, or the handler shows only what is of the person's entities.
    Filtered,
    /// The path names something of one entity (a case, an item): of another entity it is not found.
    Subject,
}

/// What a row demands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Demand {
    /// Who may call it.
    pub access: Access,
    /// What a token needs for it besides its owner's role. `None` with [`Scope::Read`] for reading; a change that names no scope is not for tokens.
    pub change: Option<Scope>,
}

impl Demand {
    /// The scope a token needs.
    pub fn scope(self, changes: bool) -> Option<Scope> {
        if changes { self.change } else { Some(self.change.filter(|scope| *scope == Scope::Admin).unwrap_or(Scope::Read)) }
    }
}

/// One route.
pub struct Row<S> {
    /// Its method.
    pub method: Method,
    /// Its path, as axum writes it.
    pub path: &'static str,
    /// What it demands.
    pub demand: Demand,
    /// How the entity matters.
    pub bound: Bound,
    handler: MethodRouter<Web<S>, Infallible>,
}

impl<S> Row<S> {
    /// A row that reads.
    pub fn get(path: &'static str, access: Access, handler: MethodRouter<Web<S>, Infallible>) -> Self {
        Self { method: Method::GET, path, demand: Demand { access, change: None }, bound: Bound::Filtered, handler }
    }

    /// A row that changes something.
    pub fn post(path: &'static str, access: Access, handler: MethodRouter<Web<S>, Infallible>) -> Self {
        Self { method: Method::POST, path, demand: Demand { access, change: None }, bound: Bound::Filtered, handler }
    }

    /// Open to tokens with this scope.
    #[must_use]
    pub fn with_scope(mut self, scope: Scope) -> Self {
        self.demand.change = Some(scope);
        self
    }

    /// The path names something of one entity.
    #[must_use]
    pub fn of_subject(mut self) -> Self {
        self.bound = Bound::Subject;
        self
    }
}

/// All routes. Each family of pages gives its own.
pub fn rows<S: Desk>() -> Vec<Row<S>> {
    let mut rows = vec![
        Row::get("/assets/{file}", Access::Open, get(assets::serve)),
        Row::get("/sign-in", Access::Visitor, get(pages::sign_in::show::<S>)),
        Row::post("/sign-in", Access::Visitor, post(pages::sign_in::enter::<S>)),
        Row::get("/sign-in/code", Access::Visitor, get(pages::sign_in::show_code::<S>)),
        Row::post("/sign-in/code", Access::Visitor, post(pages::sign_in::enter_code::<S>)),
        Row::post("/sign-out", Access::SignedIn, post(pages::sign_in::leave::<S>)),
        Row::get("/step-up", Access::SignedIn, get(pages::sign_in::show_step_up::<S>)),
        Row::post("/step-up", Access::SignedIn, post(pages::sign_in::step_up::<S>)),
        Row::get("/set-password/{ticket}", Access::Visitor, get(pages::set_password::show::<S>)),
        Row::post("/set-password/{ticket}", Access::Visitor, post(pages::set_password::set::<S>)),
        Row::get("/sign-in/with/{provider}", Access::Visitor, get(pages::sign_in::go::<S>)),
        Row::get("/sign-in/back/{provider}", Access::Visitor, get(pages::sign_in::back::<S>)),
        Row::post("/preferences", Access::Visitor, post(pages::preferences::set::<S>)),
    ];
    rows.extend(pages::health::rows());
    rows.extend(pages::hooks::rows());
    rows.extend(pages::start::rows());
    rows.extend(pages::queue::rows());
    rows.extend(pages::customers::rows());
    rows.extend(pages::evidence::rows());
    rows.extend(pages::imports::rows());
    rows.extend(pages::columns::rows());
    rows.extend(pages::policy::rows());
    rows.extend(pages::audit::rows());
    rows.extend(pages::users::rows());
    rows.extend(pages::webhooks::rows());
    rows.extend(pages::account::rows());
    rows.extend(pages::passkeys::rows());
    rows.extend(crate::api::rows());
    rows
}

/// The router of all rows.
pub fn router<S: Desk>(web: Web<S>) -> Router {
    let mut router = Router::new();
    for row in rows::<S>() {
        let gate = guard::Gate { web: web.clone(), demand: row.demand };
        router = router.route(row.path, row.handler.layer(from_fn_with_state(gate, guard::pass::<S>)));
    }
    router
        .fallback(|| async { WebError::NotFound })
        .method_not_allowed_fallback(|| async { WebError::NotFound })
        .layer(DefaultBodyLimit::max(2 << 20))
        .layer(CatchPanicLayer::custom(|_| {
            use axum::response::IntoResponse as _;
            WebError::internal("a handler panicked").into_response()
        }))
        .layer(TimeoutLayer::with_status_code(axum::http::StatusCode::SERVICE_UNAVAILABLE, REQUEST_MAX))
        .layer(from_fn_with_state(web.clone(), guard::around::<S>))
        .layer(CompressionLayer::new().gzip(true))
        .with_state(web)
}
