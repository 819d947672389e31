//! The networks of `architectures/`, as parts of the program.

use std::borrow::Cow;
use std::path::Path;

use super::super::source::{compile_text, format, text};
use crate::diagnostic::{Diagnostics, nearest};
use crate::network::Network;
use crate::syntax::{Format, Override};

/// One of them, or a file of the user's.
#[derive(Debug, Clone)]
pub struct Architecture {
    /// The file's name, with the way to it if it is the user's.
    pub file: Cow<'static, str>,
    /// What is in it.
    pub text: Cow<'static, str>,
}

impl Architecture {
    /// The file's name without its ending, as users name it.
    pub fn name(&self) -> &str {
        self.file.split('.').next().unwrap_or(&self.file)
    }

    /// What comes behind the point.
    pub fn ending(&self) -> &'static str {
        match self.format() {
            Format::Yaml => "yaml",
            Format::Toml => "toml",
        }
    }

    /// What it is written in.
    pub fn format(&self) -> Format {
        format(Path::new(&*self.file)).unwrap_or(Format::Yaml)
    }

    /// The network, after some changes.
    pub fn compile(&self, changes: &[Override]) -> Result<Network, Diagnostics> {
        let compiled = compile_text(Path::new(&*self.file), &self.text, self.format(), changes);
        compiled.map(|compiled| compiled.network)
    }
}

macro_rules! architectures {
    ($($file:literal,)*) => {
        [$(Architecture {
            file: Cow::Borrowed($file),
            text: Cow::Borrowed(include_str!(concat!("../../../architectures/", $file))),
        },)*]
    };
}

/// All of them.
pub static ALL: [Architecture; COUNT] = architectures![
    "alexnet.yaml",
    "alexnet_paper.toml",
    "alexnet_torchvision.yaml",
    "convnet.yaml",
    "convnext_base.yaml",
    "convnext_large.yaml",
    "convnext_small.yaml",
    "convnext_tiny.yaml",
    "densenet121.yaml",
    "densenet161.yaml",
    "densenet169.yaml",
    "densenet201.yaml",
    "digits_cnn.yaml",
    "efficientnet_b0.yaml",
    "efficientnet_b1.yaml",
    "efficientnet_b2.yaml",
    "efficientnet_b3.yaml",
    "efficientnet_v2_m.yaml",
    "efficientnet_v2_s.yaml",
    "googlenet.yaml",
    "inception_v3.yaml",
    "mnasnet0_5.yaml",
    "mnasnet1_0.yaml",
    "mobilenet_v2.yaml",
    "mobilenet_v3_large.yaml",
    "mobilenet_v3_small.yaml",
    "plain18.yaml",
    "plain34.yaml",
    "regnet_x_1_6gf.yaml",
    "regnet_x_3_2gf.yaml",
    "regnet_x_400mf.yaml",
    "regnet_x_800mf.yaml",
    "regnet_x_8gf.yaml",
    "regnet_y_1_6gf.yaml",
    "regnet_y_3_2gf.yaml",
    "regnet_y_400mf.yaml",
    "regnet_y_800mf.yaml",
    "resnet101.toml",
    "resnet101_cifar100.yaml",
    "resnet110_cifar10.yaml",
    "resnet152.toml",
    "resnet152_cifar100.yaml",
    "resnet18.yaml",
    "resnet18_cifar100.yaml",
    "resnet20_cifar10.yaml",
    "resnet32_cifar10.yaml",
    "resnet34.yaml",
    "resnet34_cifar100.yaml",
    "resnet44_cifar10.yaml",
    "resnet50.toml",
    "resnet50_cifar100.yaml",
    "resnet50_layer4.yaml",
    "resnet56_cifar10.yaml",
    "resnext101_32x8d.yaml",
    "resnext101_64x4d.yaml",
    "resnext50_32x4d.yaml",
    "shufflenet_v2_x0_5.yaml",
    "shufflenet_v2_x1_0.yaml",
    "shufflenet_v2_x1_5.yaml",
    "shufflenet_v2_x2_0.yaml",
    "squeezenet1_0.yaml",
    "squeezenet1_1.yaml",
    "unet.yaml",
    "unet_classifier.yaml",
    "unet_valid.yaml",
    "vgg11.yaml",
    "vgg11_bn.yaml",
    "vgg11_lrn.yaml",
    "vgg13.yaml",
    "vgg13_bn.yaml",
    "vgg16.yaml",
    "vgg16_bn.yaml",
    "vgg16_c.yaml",
    "vgg16_cifar.yaml",
    "vgg16_cifar10.yaml",
    "vgg16_cifar100.yaml",
    "vgg19.toml",
    "vgg19_bn.toml",
    "vgg_cifar10.yaml",
    "vgg_custom.yaml",
    "wide_resnet101_2.yaml",
    "wide_resnet50_2.yaml",
];

const COUNT: usize = 82;

/// The one with this name, or the file with this name.
pub fn find(name: &str) -> Result<Architecture, String> {
    if let Some(architecture) = ALL.iter().find(|architecture| architecture.name() == name) {
        return Ok(architecture.clone());
    }
    let path = Path::new(name);
    if format(path).is_some() || path.is_file() {
        return Ok(Architecture { file: name.to_owned().into(), text: text(path)?.into() });
    }
    let names: Vec<&str> = ALL.iter().map(Architecture::name).collect();
    Err(match nearest(name, names.iter().copied()) {
        Some(near) => format!("there is no architecture `{name}`; did you mean `{near}`?"),
        None => format!("there is no architecture and no file `{name}`, but {}", names.join(", ")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_files_are_here() {
        let folder = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/architectures")).expect("the folder");
        let mut files: Vec<_> = folder.map(|entry| entry.expect("readable").file_name()).collect();
        files.sort();
        assert_eq!(files, ALL.each_ref().map(|architecture| &*architecture.file));
        assert!(find("resnet18").is_ok());
        assert_eq!(find("resnet81").unwrap_err(), "there is no architecture `resnet81`; did you mean `resnet18`?");
        assert!(find("what").unwrap_err().starts_with("there is no architecture and no file `what`, but alexnet, "));
        assert!(find("what.yaml").unwrap_err().starts_with("cannot read `what.yaml`: "));
    }
}
