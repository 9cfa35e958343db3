//! Everything that touches the world: the store, file formats, OCR, PDF. Decides nothing about money.

pub mod clock;
pub mod intake;
pub mod store;
