//! Seeded books with the truth beside them, and the files a desk would receive for them.

pub mod books;
pub mod demo;
pub mod pieces;
