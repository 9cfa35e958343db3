//! The pages, a file per family; each gives its rows to [`crate::routes::rows`].

pub mod message;
pub mod preferences;
pub mod queue;
pub mod set_password;
pub mod sign_in;
