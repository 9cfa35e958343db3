//! The reviewer's desk: the list, the case with everything needed to decide, and what a person does about it. Pages, command
//! line and the JSON interface call the same functions.

pub mod bulk;
pub mod card;
pub mod decide;
pub mod draft;
pub mod explain;
pub mod index;
pub mod list;
pub mod ports;
mod proof;
pub mod view;
pub mod work;
