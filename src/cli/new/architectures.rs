//! The networks of `architectures/`, as parts of the program.

use crate::compile_source;
use crate::diagnostic::nearest;
use crate::network::Network;
use crate::syntax::{Format, Override};

/// One of them.
#[derive(Debug, Clone, Copy)]
pub struct Architecture {
    /// The file's name.
    pub file: &'static str,
    /// What is in it.
    pub text: &'static str,
}

impl Architecture {
    /// The file's name without its ending, as users name it.
    pub fn name(&self) -> &'static str {
        self.file.split('.').next().unwrap_or(self.file)
    }

    /// What comes behind the point.
    pub fn ending(&self) -> &'static str {
        self.file.rsplit('.').next().unwrap_or(self.file)
    }

    /// What it is written in.
    pub fn format(&self) -> Format {
        Format::from_extension(self.ending()).expect("files of other kinds are not listed")
    }

    /// The network, after some changes.
    pub fn compile(&self, changes: &[Override]) -> Network {
        let compiled = compile_source(self.file, self.text, self.format(), changes);
        compiled.unwrap_or_else(|errors| unreachable!("a test compiles all of them: {errors}")).network
    }
}

macro_rules! architectures {
    ($($file:literal,)*) => {
        [$(Architecture { file: $file, text: include_str!(concat!("../../../architectures/", $file)) },)*]
    };
}

/// All of them.
pub const ALL: [Architecture; COUNT] = architectures![
    "alexnet.yaml",
    "alexnet_paper.toml",
    "alexnet_torchvision.yaml",
    "convnet.yaml",
    "densenet121.yaml",
    "densenet161.yaml",
    "densenet169.yaml",
    "densenet201.yaml",
    "digits_cnn.yaml",
    "efficientnet_b0.yaml",
    "googlenet.yaml",
    "inception_v3.yaml",
    "mobilenet_v2.yaml",
    "mobilenet_v3_large.yaml",
    "plain18.yaml",
    "plain34.yaml",
    "regnet_y_400mf.yaml",
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
    "resnext50_32x4d.yaml",
    "shufflenet_v2_x1_0.yaml",
    "squeezenet1_0.yaml",
    "squeezenet1_1.yaml",
    "unet_classifier.yaml",
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
    "wide_resnet50_2.yaml",
];

const COUNT: usize = 55;

/// The one with this name.
pub fn find(name: &str) -> Result<Architecture, String> {
    let names = || ALL.iter().map(Architecture::name);
    ALL.into_iter().find(|architecture| architecture.name() == name).ok_or_else(|| match nearest(name, names()) {
        Some(near) => format!("there is no architecture `{name}`; did you mean `{near}`?"),
        None => format!("there is no architecture `{name}`, but {}", names().collect::<Vec<_>>().join(", ")),
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
        assert_eq!(files, ALL.map(|architecture| architecture.file));
        assert!(find("resnet18").is_ok());
        assert_eq!(find("resnet81").unwrap_err(), "there is no architecture `resnet81`; did you mean `resnet18`?");
        assert!(find("what").unwrap_err().starts_with("there is no architecture `what`, but alexnet, "));
    }
}
