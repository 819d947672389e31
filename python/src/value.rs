//! Python's values as YAML's, in flow style, which is what overrides are written in.

use archc::syntax::Override;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};

/// Lists and mappings are nested no deeper.
const DEEPEST: usize = 16;

/// What replaces entries of a file: `width=8` under `let`, say.
pub fn overrides(section: Option<&str>, values: Option<&Bound<'_, PyDict>>) -> PyResult<Vec<Override>> {
    let one = |(key, value): (Bound<'_, PyAny>, Bound<'_, PyAny>)| {
        let key: String = key.extract()?;
        let path = section.map_or(key.clone(), |section| format!("{section}.{key}"));
        Ok(Override { path, value: flow(&value, DEEPEST)?, option: None })
    };
    values.into_iter().flat_map(|values| values.iter().map(one)).collect()
}

fn flow(value: &Bound<'_, PyAny>, deeper: usize) -> PyResult<String> {
    let Some(deeper) = deeper.checked_sub(1) else {
        return Err(PyValueError::new_err(format!("lists are nested more than {DEEPEST} deep")));
    };
    if value.is_none() {
        return Ok("null".to_owned());
    }
    if let Ok(value) = value.cast::<PyBool>() {
        return Ok(value.is_true().to_string());
    }
    if let Ok(value) = value.cast::<PyString>() {
        return Ok(serde_json::to_string(value.to_str()?).expect("text becomes JSON"));
    }
    if value.is_instance_of::<PyInt>() {
        return Ok(value.str()?.to_string());
    }
    if value.is_instance_of::<PyFloat>() {
        return number(value);
    }
    if value.is_instance_of::<PyList>() || value.is_instance_of::<PyTuple>() {
        let items = value.try_iter()?.map(|item| flow(&item?, deeper)).collect::<PyResult<Vec<_>>>()?;
        return Ok(format!("[{}]", items.join(", ")));
    }
    if let Ok(value) = value.cast::<PyDict>() {
        let entry = |(key, value): (Bound<'_, PyAny>, Bound<'_, PyAny>)| {
            let key: String = key.extract()?;
            Ok(format!("{}: {}", serde_json::to_string(&key).expect("text becomes JSON"), flow(&value, deeper)?))
        };
        return Ok(format!("{{{}}}", value.iter().map(entry).collect::<PyResult<Vec<_>>>()?.join(", ")));
    }
    // Numbers of other libraries: NumPy's have no common type with Python's integers.
    if let Ok(whole) = value.call_method0("__index__") {
        return flow(&whole, deeper);
    }
    match value.call_method0("__float__") {
        Ok(real) => number(&real),
        Err(_) => Err(PyTypeError::new_err(format!("cannot write {} as YAML", value.repr()?))),
    }
}

fn number(value: &Bound<'_, PyAny>) -> PyResult<String> {
    match value.extract::<f64>()? {
        finite if finite.is_finite() => Ok(value.repr()?.to_string()),
        other => Err(PyValueError::new_err(format!("{other} is no finite number"))),
    }
}
