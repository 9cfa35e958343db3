//! The order of work and the words: import, read, reconcile, decide; and the ports it needs from the world. No file, clock or
//! network is touched in here.

pub mod aliases;
pub mod evidence;
pub mod import;
pub mod ports;
pub mod queue;
pub mod reading;
pub mod reconcile;
