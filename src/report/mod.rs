//! What `archc check` shows of a network: a table for people ([`check`]), JSON for programs ([`json`]).

pub mod check;
#[cfg(feature = "cli")]
pub mod json;
pub(crate) mod quantity;
mod table;
