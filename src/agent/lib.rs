//! The order of work and the words: import, read, reconcile, decide; and the ports it needs from the world. No file, clock or
//! network is touched in here.

pub mod aliases;
pub mod chat;
pub mod claimed;
pub mod desk;
pub mod evals;
pub mod evidence;
pub mod import;
pub mod marks;
pub mod model;
pub mod ports;
pub mod ports_accounts;
pub mod ports_pages;
pub mod profiles;
pub mod queue;
pub mod reading;
pub mod reconcile;
pub mod refusal;
pub mod senders;
pub mod webhooks;
