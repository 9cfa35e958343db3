//! The pages and the JSON interface: who may call what, what they answer, in a real browser, and as a
//! program; what other programs are told, and what chats bring.

mod access;
mod api;
mod browser;
mod columns;
mod desk;
mod key;
#[path = "../program/lines.rs"]
mod lines;
mod passkeys;
mod reread;
#[path = "../store/sample.rs"]
#[allow(dead_code, reason = "these tests use their part of the samples")]
mod sample;
mod serve;
mod sign_in;
mod spanish;
mod webhooks;
mod whatsapp;
#[path = "../program/workbook.rs"]
#[allow(dead_code)] // One of its two ways of writing.
mod workbook;
