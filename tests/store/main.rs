//! The store on SQLite and on PostgreSQL: one contract, properties, two at once, killed writers and altered bytes.

mod accounts;
mod book;
mod contract;
mod desk;
mod life;
mod postgres;
mod properties;
mod sample;
mod sealed;
mod tamper;
mod webhooks;
