//! From text to [`ast::Document`]: YAML and TOML meet in one spanned tree, and notation strings are read with pest.

pub mod ast;
#[cfg(test)]
mod compact;
pub mod notation;
pub mod text;
