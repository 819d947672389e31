//! Training: data sets, and what is done with them.

pub mod data;
