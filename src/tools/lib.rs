//! Everything that touches the world: the store, file formats, the reading of evidence. Decides nothing about money.

pub mod clock;
pub mod evidence;
pub mod intake;
pub mod model;
pub mod sealing;
pub mod store;
pub mod webhooks;
pub mod whatsapp;
