//! cuDNN's descriptors: made, given their attributes, finalized, asked.
//!
//! <https://docs.nvidia.com/deeplearning/cudnn/backend/latest/api/cudnn-graph-library.html>

use std::ffi::{c_char, c_void};

use cudarc::cudnn::sys::{
    self, cudnnBackendAttributeName_t as Name, cudnnBackendAttributeType_t as Type, cudnnBackendDescriptor_t,
    cudnnBackendDescriptorType_t as Kind, cudnnStatus_t,
};

use crate::cuda::{Error, Result};

/// A descriptor, destroyed when it is dropped.
#[derive(Debug)]
#[repr(transparent)]
pub struct Descriptor(cudnnBackendDescriptor_t);

// SAFETY: a descriptor belongs to nobody's thread; `Dnn` uses one at a time.
unsafe impl Send for Descriptor {}

/// What an attribute may consist of.
///
/// # Safety
/// The type is the C type that cuDNN reads for it.
pub unsafe trait Attribute: Copy {
    /// Its name in cuDNN.
    const TYPE: Type;
}

// SAFETY: CUDNN_TYPE_INT64 is int64_t.
unsafe impl Attribute for i64 {
    const TYPE: Type = Type::CUDNN_TYPE_INT64;
}
// SAFETY: CUDNN_TYPE_FLOAT is float.
unsafe impl Attribute for f32 {
    const TYPE: Type = Type::CUDNN_TYPE_FLOAT;
}
// SAFETY: CUDNN_TYPE_DATA_TYPE is cudnnDataType_t.
unsafe impl Attribute for sys::cudnnDataType_t {
    const TYPE: Type = Type::CUDNN_TYPE_DATA_TYPE;
}
// SAFETY: CUDNN_TYPE_CONVOLUTION_MODE is cudnnConvolutionMode_t.
unsafe impl Attribute for sys::cudnnConvolutionMode_t {
    const TYPE: Type = Type::CUDNN_TYPE_CONVOLUTION_MODE;
}
// SAFETY: CUDNN_TYPE_HEUR_MODE is cudnnBackendHeurMode_t.
unsafe impl Attribute for sys::cudnnBackendHeurMode_t {
    const TYPE: Type = Type::CUDNN_TYPE_HEUR_MODE;
}
// SAFETY: CUDNN_TYPE_HANDLE is cudnnHandle_t.
unsafe impl Attribute for sys::cudnnHandle_t {
    const TYPE: Type = Type::CUDNN_TYPE_HANDLE;
}
// SAFETY: CUDNN_TYPE_VOID_PTR is void*.
unsafe impl Attribute for *mut c_void {
    const TYPE: Type = Type::CUDNN_TYPE_VOID_PTR;
}

impl Descriptor {
    /// An empty one.
    pub fn new(kind: Kind) -> Result<Descriptor> {
        let mut descriptor = std::ptr::null_mut();
        // SAFETY: `descriptor` is a place for the answer.
        check(unsafe { sys::cudnnBackendCreateDescriptor(kind, &raw mut descriptor) })?;
        Ok(Descriptor(descriptor))
    }

    /// With attributes by `fill`, finalized.
    pub fn finalized(kind: Kind, fill: impl FnOnce(&mut Descriptor) -> Result<()>) -> Result<Descriptor> {
        let mut descriptor = Descriptor::new(kind)?;
        fill(&mut descriptor).map_err(|error| error.during(format!("{kind:?}")))?;
        // SAFETY: it was created above.
        check(unsafe { sys::cudnnBackendFinalize(descriptor.0) }).map_err(|error| error.during(format!("{kind:?}")))?;
        Ok(descriptor)
    }

    /// Gives it an attribute of one or several numbers.
    pub fn set<A: Attribute>(&mut self, name: Name, values: &[A]) -> Result<()> {
        self.set_raw(name, A::TYPE, values.len(), values.as_ptr().cast())
    }

    /// Gives it other descriptors.
    pub fn set_parts(&mut self, name: Name, parts: &[&Descriptor]) -> Result<()> {
        let parts: Vec<cudnnBackendDescriptor_t> = parts.iter().map(|part| part.0).collect();
        self.set_raw(name, Type::CUDNN_TYPE_BACKEND_DESCRIPTOR, parts.len(), parts.as_ptr().cast())
    }

    fn set_raw(&mut self, name: Name, kind: Type, count: usize, values: *const c_void) -> Result<()> {
        // SAFETY: `values` are `count` of what `kind` names, by `Attribute`'s promise; cuDNN copies them.
        check(unsafe { sys::cudnnBackendSetAttribute(self.0, name, kind, count as i64, values) })
            .map_err(|error| error.during(format!("{name:?}")))
    }

    /// One number of it.
    pub fn number(&self, name: Name) -> Result<i64> {
        let (mut number, mut count) = (0i64, 0i64);
        let place = (&raw mut number).cast();
        // SAFETY: there is room for the one number that is asked for.
        check(unsafe { sys::cudnnBackendGetAttribute(self.0, name, i64::TYPE, 1, &raw mut count, place) })?;
        Ok(number)
    }

    /// The descriptors that it holds, of a kind.
    pub fn parts(&self, name: Name, kind: Kind) -> Result<Vec<Descriptor>> {
        let mut count = 0;
        let of = Type::CUDNN_TYPE_BACKEND_DESCRIPTOR;
        // SAFETY: nothing is asked for but the number.
        check(unsafe { sys::cudnnBackendGetAttribute(self.0, name, of, 0, &raw mut count, std::ptr::null_mut()) })?;
        let mut parts = (0..count).map(|_| Descriptor::new(kind)).collect::<Result<Vec<_>>>()?;
        let filled = self.fill(name, &mut parts)?;
        parts.truncate(filled);
        Ok(parts)
    }

    /// The one descriptor that it holds.
    pub fn part(&self, name: Name, kind: Kind) -> Result<Descriptor> {
        let mut part = [Descriptor::new(kind)?];
        self.fill(name, &mut part)?;
        let [part] = part;
        Ok(part)
    }

    /// cuDNN fills descriptors that the caller has made: so many of them.
    fn fill(&self, name: Name, parts: &mut [Descriptor]) -> Result<usize> {
        let (of, mut count) = (Type::CUDNN_TYPE_BACKEND_DESCRIPTOR, 0);
        let place = parts.as_mut_ptr().cast();
        // SAFETY: a `Descriptor` is a pointer to a descriptor of the right kind, and there are as many as is said.
        check(unsafe { sys::cudnnBackendGetAttribute(self.0, name, of, parts.len() as i64, &raw mut count, place) })?;
        Ok(usize::try_from(count).unwrap_or(0))
    }

    /// The numerical notes of an engine.
    pub fn notes(&self) -> Result<Vec<i32>> {
        // More than there are kinds of them.
        let mut notes = [0i32; 32];
        let (name, of) = (Name::CUDNN_ATTR_ENGINE_NUMERICAL_NOTE, Type::CUDNN_TYPE_NUMERICAL_NOTE);
        let (mut count, room) = (0, notes.len() as i64);
        // SAFETY: there is room for as many as is said; an enumeration of C is an int.
        check(unsafe {
            sys::cudnnBackendGetAttribute(self.0, name, of, room, &raw mut count, notes.as_mut_ptr().cast())
        })?;
        Ok(notes[..(count as usize).min(notes.len())].to_vec())
    }

    /// Runs a plan with the pointers of a variant pack, in the handle's stream.
    pub fn execute(&self, handle: sys::cudnnHandle_t, pack: &Descriptor) -> Result<()> {
        // SAFETY: both are finalized, and the pack's pointers are memory of this device, which `Dnn::run` has measured.
        check(unsafe { sys::cudnnBackendExecute(handle, self.0, pack.0) })
    }
}

impl Drop for Descriptor {
    fn drop(&mut self) {
        // SAFETY: created by `new`, destroyed only here. There is nobody to tell of a failure.
        let _ = unsafe { sys::cudnnBackendDestroyDescriptor(self.0) };
    }
}

/// The error, with what cuDNN says of it.
fn check(status: cudnnStatus_t) -> Result<()> {
    status.result().map_err(|error| {
        let mut message = [0 as c_char; 512];
        // SAFETY: there is room for as many bytes as is said, and the last one stays 0.
        unsafe { sys::cudnnGetLastErrorString(message.as_mut_ptr(), message.len() - 1) };
        let bytes: Vec<u8> = message.iter().map(|byte| byte.to_ne_bytes()[0]).take_while(|byte| *byte != 0).collect();
        Error::from(error).followed_by(&String::from_utf8_lossy(&bytes))
    })
}
