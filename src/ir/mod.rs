//! What every stage speaks of, from the layers to the kernels: shapes and values, sizes in two directions, windows, and
//! how weights start. Plain data and its arithmetic, which knows no other module.

mod init;
mod pair;
mod shape;
mod window;

pub use init::{Fan, Init, fans};
pub use pair::Pair;
pub use shape::{LARGEST_VALUE, Shape, ValueId};
pub(crate) use window::Axis;
pub use window::{Reach, Window};
