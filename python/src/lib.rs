//! The Python module `archc._archc`: what the package `archc` is made of. Arrays come in and go out as bytes, f32 in
//! the machine's order; the package makes NumPy's of them.

mod core;
mod diagnostic;
mod epoch;
mod network;
mod pool;
mod run;
mod value;

/// What the package `archc` is made of.
#[pyo3::pymodule]
mod _archc {
    use pyo3::prelude::*;

    #[pymodule_export]
    use super::core::Core;
    #[pymodule_export]
    use super::diagnostic::{Diagnostic, Suggestion};
    #[pymodule_export]
    use super::epoch::Epoch;
    #[pymodule_export]
    use super::network::{Layer, Memory, Network, compile};
    #[pymodule_export]
    use super::run::Run;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
