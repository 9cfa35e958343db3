//! The order of work: import, read, reconcile, decide; and the ports it needs from the world.

pub mod evidence;
pub mod import;
pub mod ports;
pub mod queue;
//! The order of work and the words: reading evidence, and the ports the work needs. No file, clock or network is touched in here.

pub mod reading;
