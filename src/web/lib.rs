//! The pages and the JSON API, served by one process that keeps nothing in memory that matters: any number of them may serve one
//! database.
//!
//! # How a page is added
//!
//! 1. A template in `templates/`, which begins with `{% extends "layout.html" %}` and fills the blocks `title` and `main`. Its
//!    struct derives [`askama::Template`] and has a field `frame: Frame`, through which it reaches texts (`frame.t("key")`), the
//!    CSRF token (`frame.csrf`) and assets (`frame.asset("app.css")`).
//! 2. A handler in `pages/`, generic over the store:
//!    `async fn list<S: Desk>(State(web): State<Web<S>>, session: Session) -> Result<Response, WebError>`; it ends in
//!    `page(&Template { frame: web.frame(&session, "queue"), … })`. Everything it shows or changes goes through the functions of
//!    `quittance-agent`; it asks [`Session::may`] for the entity concerned and answers [`WebError::NotFound`] where the person may not
//!    even see it.
//! 3. A row in [`routes::rows`], with what one must be allowed to call it. A route without a row cannot exist: the router is made
//!    from the rows. `tests/web/access.rs` tries each row with each role and entity.
//! 4. Its texts in `locales/en.ftl` and `locales/es.ftl` (a test compares the keys).
//! 5. No inline script or style: the content security policy forbids them. Behaviour goes to `assets/*.js` and hangs on
//!    `data-…` attributes; looks go to `assets/app.css`, which begins with an index of its components.
//!
//! A form is `<form method="post">` with `{{ frame.csrf_field()|safe }}` inside; a script sends the token of
//! `<meta name="csrf">` as the header `x-csrf-token`. The guard refuses any other change.

pub mod api;
pub mod assets;
pub mod chart;
pub mod error;
pub mod frame;
mod guard;
pub mod locale;
pub mod oidc;
pub mod pages;
pub mod painter;
pub mod passkeys;
pub mod password;
pub mod qr;
pub mod routes;
pub mod said;
pub mod secret;
pub mod serve;
pub mod session;
pub mod settings;
pub mod sign_in;
pub mod state;
pub mod zone;

pub use error::WebError;
pub use frame::{Frame, page};
pub use session::Session;
pub use settings::Settings;
pub use state::{Desk, Web};
