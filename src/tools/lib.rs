//! Everything that touches the world: the store, file formats, OCR, PDF.

pub mod clock;
pub mod store;
