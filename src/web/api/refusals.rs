//! What stands in the document beside many answers: the refusals, and the key that makes a repeated request harmless.

use std::collections::BTreeMap;

use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{IntoParams, IntoResponses};

/// The header of a request that may be sent again.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[allow(dead_code, reason = "the header is read by its name; this is its shape for the document")]
pub(super) struct OnceKey {
    /// Makes a repeated request harmless
    #[param(rename = "Idempotency-Key", min_length = 1, max_length = 200, pattern = "^[!-~]+$")]
    key: Option<String>,
}

macro_rules! refusals {
    ($($(#[$doc:meta])* $name:ident = $($status:literal)*;)*) => {$(
        $(#[$doc])*
        pub(super) enum $name {}

        impl IntoResponses for $name {
            fn responses() -> BTreeMap<String, RefOr<Response>> {
                BTreeMap::from([$(($status.to_owned(), problem())),*])
            }
        }
    )*};
}

refusals! {
    /// Nobody is signed in, or may not do this.
    Guarded = "401" "403";
    /// There is no such thing, or it is of books the person does not see.
    NotFound = "404";
    /// Somebody was quicker, or has it in hand.
    Conflict = "409";
    /// The body is too large.
    TooLarge = "413";
    /// Something in the request does not fit.
    Unfit = "422";
    /// The book cannot be asked now.
    Away = "503";
}

/// A refusal as [`super::shapes::Problem`].
fn problem() -> RefOr<Response> {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    ResponseBuilder::new().content("application/problem+json", content).build().into()
}
