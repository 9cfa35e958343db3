//! Bank files, billing documents and tables: each format on real files with known answers, damaged files and refusals.

mod bai2;
mod banks;
mod camt;
mod camt_cases;
mod invoices;
mod mt940;
mod nacha;
mod ofx;
mod qif;
mod tables;
mod text_bank;
#[path = "../program/workbook.rs"]
mod workbook;
