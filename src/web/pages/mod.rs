//! The pages, a file per family; each gives its rows to [`crate::routes::rows`].

pub mod account;
pub mod audit;
pub mod columns;
pub mod customers;
pub mod evidence;
pub mod health;
pub mod hooks;
pub mod imports;
pub mod message;
pub mod passkeys;
pub mod policy;
pub mod preferences;
pub mod queue;
pub mod set_password;
pub mod sign_in;
pub mod start;
pub mod users;
pub mod webhooks;
