//! The order of work and the words: reading evidence, and the ports the work needs. No file, clock or network is touched in here.

pub mod reading;
