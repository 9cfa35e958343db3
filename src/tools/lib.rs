//! Everything that touches the world: the store, file formats, the reading of evidence.

pub mod evidence;
