//! Seeded books with the truth beside them.

pub mod books;
