//! Weights as `Model.load_weights` reads them: a file of HDF5 with the variables of each layer, which are found by the
//! layer's class and by how many of that class come before it in the order that Keras gives a model's layers.

use std::collections::HashMap;
use std::io;
use std::path::Path;

use hdf5_writer::{DatasetBuilder, Hdf5Builder, Hdf5Writer, WriteOptions};

use crate::durable;
use crate::export::ExportError;

/// How the numbers of a weight are laid out for Keras.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// The sizes that are there.
    sizes: Vec<usize>,
    /// Which of them comes first, and so on.
    order: Vec<usize>,
}

impl Layout {
    /// In these sizes, as they lie.
    pub fn same(sizes: &[usize]) -> Layout {
        Layout { sizes: sizes.to_vec(), order: (0..sizes.len()).collect() }
    }

    pub fn transposed(sizes: &[usize], order: &[usize]) -> Layout {
        Layout { sizes: sizes.to_vec(), order: order.to_vec() }
    }

    fn shape(&self) -> Vec<usize> {
        self.order.iter().map(|axis| self.sizes[*axis]).collect()
    }

    /// The numbers in their new order.
    fn arrange(&self, values: &[f32]) -> Vec<f32> {
        let mut strides = vec![1; self.sizes.len()];
        for axis in (1..self.sizes.len()).rev() {
            strides[axis - 1] = strides[axis] * self.sizes[axis];
        }
        let mut arranged = Vec::with_capacity(values.len());
        let axes: Vec<(usize, usize)> = self.order.iter().map(|axis| (self.sizes[*axis], strides[*axis])).collect();
        gather(&axes, 0, values, &mut arranged);
        arranged
    }
}

fn gather(axes: &[(usize, usize)], from: usize, values: &[f32], into: &mut Vec<f32>) {
    match axes {
        [] => into.push(values[from]),
        [(size, stride)] => into.extend((0..*size).map(|at| values[from + at * stride])),
        [(size, stride), rest @ ..] => (0..*size).for_each(|at| gather(rest, from + at * stride, values, into)),
    }
}

/// A layer of a model: its class, what it reads, and its variables as indices of weights.
#[derive(Debug, Clone)]
pub struct Node {
    pub class: String,
    /// Nodes; none for the model's input.
    pub inputs: Vec<usize>,
    pub variables: Vec<(usize, Layout)>,
}

/// The order that Keras gives the layers of a model: those from which the way to the output is longest come first, else
/// those that are met first on the way back from it. The output is that of the last node.
pub fn order(nodes: &[Node]) -> Vec<usize> {
    let Some(output) = nodes.len().checked_sub(1) else { return Vec::new() };
    let mut depths = vec![0; nodes.len()];
    for (index, node) in nodes.iter().enumerate().rev() {
        node.inputs.iter().for_each(|input| depths[*input] = depths[*input].max(depths[index] + 1));
    }
    let mut met = vec![None; nodes.len()];
    let mut open = vec![output];
    let mut count = 0;
    while let Some(node) = open.pop() {
        if met[node].is_none() {
            met[node] = Some(count);
            count += 1;
            open.extend(nodes[node].inputs.iter().rev());
        }
    }
    let mut order: Vec<usize> = (0..nodes.len()).filter(|node| met[*node].is_some()).collect();
    order.sort_by_key(|node| (std::cmp::Reverse(depths[*node]), met[*node]));
    order
}

/// What Keras calls a class in a file.
fn snake_case(class: &str) -> &'static str {
    match class {
        "BatchNormalization" => "batch_normalization",
        "Conv2D" => "conv2d",
        "Conv2DTranspose" => "conv2d_transpose",
        "Dense" => "dense",
        "DepthwiseConv2D" => "depthwise_conv2d",
        "GroupNormalization" => "group_normalization",
        "LayerNormalization" => "layer_normalization",
        "PReLU" => "p_re_lu",
        "Scale" => "scale",
        "TransposedConv2D" => "transposed_conv2d",
        // Layers without variables are not in the file.
        _ => "",
    }
}

/// Writes the file.
pub fn write(path: &Path, nodes: &[Node], mut weights: Vec<Vec<f32>>) -> Result<(), ExportError> {
    let failed = |source| ExportError::Io { path: path.to_owned(), source };
    let mut builder = Hdf5Builder::new();
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for index in order(nodes) {
        let node = &nodes[index];
        let class = snake_case(&node.class);
        if node.variables.is_empty() {
            continue;
        }
        let count = counts.entry(class).or_default();
        let name = if *count == 0 { class.to_owned() } else { format!("{class}_{count}") };
        *count += 1;
        for (variable, (weight, layout)) in node.variables.iter().enumerate() {
            let values = layout.arrange(&std::mem::take(&mut weights[*weight]));
            let shape: Vec<u64> = layout.shape().iter().map(|size| *size as u64).collect();
            let dataset = DatasetBuilder::typed_data(format!("layers/{name}/vars/{variable}"), shape, &values);
            builder = builder.dataset(dataset.map_err(|error| failed(io::Error::other(error)))?);
        }
    }
    let plan = builder.into_plan().map_err(|error| failed(io::Error::other(error)))?;
    durable::replace(path, |file| {
        Hdf5Writer::new(file, WriteOptions::default()).finish(plan).map(drop).map_err(io::Error::other)
    })
    .map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::{Layout, Node, order};

    #[test]
    fn lays_numbers_out_anew() {
        let values: Vec<f32> = (0..24u8).map(f32::from).collect();
        for (sizes, order, shape, beginning) in [
            (&[4, 6][..], &[1, 0][..], &[6, 4][..], [0.0, 6.0, 12.0, 18.0, 1.0]),
            (&[2, 3, 4], &[2, 0, 1], &[4, 2, 3], [0.0, 4.0, 8.0, 12.0, 16.0]),
            (&[2, 3, 2, 2], &[2, 3, 1, 0], &[2, 2, 3, 2], [0.0, 12.0, 4.0, 16.0, 8.0]),
            (&[24], &[0], &[24], [0.0, 1.0, 2.0, 3.0, 4.0]),
        ] {
            let layout = Layout::transposed(sizes, order);
            assert_eq!(layout.shape(), shape);
            assert_eq!(layout.arrange(&values)[..5], beginning, "{layout:?}");
        }
    }

    /// As Keras 3.15 lists the layers of these models.
    #[test]
    fn orders_layers_as_keras_does() {
        let node = |inputs: &[usize]| Node { class: String::new(), inputs: inputs.to_vec(), variables: Vec::new() };
        // input, a, b(input), norm(a), add(norm, b): b is as far from the output as norm, and met after it.
        let residual = [node(&[]), node(&[0]), node(&[0]), node(&[1]), node(&[3, 2])];
        assert_eq!(order(&residual), [0, 1, 3, 2, 4]);
        // The shorter way first.
        let swapped = [node(&[]), node(&[0]), node(&[0]), node(&[1]), node(&[2, 3])];
        assert_eq!(order(&swapped), [0, 1, 2, 3, 4]);
        assert_eq!(order(&[]), [0; 0]);
    }
}
