//! Everything that touches the world: file formats, the store, OCR, PDF. Each turns bytes or rows into the types of
//! `quittance_rules`, or into an error that names the place.

pub mod intake;
