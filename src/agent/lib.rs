//! The order of work: import, read, reconcile, decide; and the ports it needs from the world.

pub mod evidence;
pub mod import;
pub mod ports;
pub mod queue;
pub mod reading;
pub mod reconcile;
