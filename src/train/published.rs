//! The weights that torchvision publishes for the networks of `architectures/`.
//!
//! A file's name ends in the first digits of its SHA-256, by which torchvision checks it too. Source: the `url` of
//! torchvision 0.29.2's `*_Weights`.

use super::data::fetch::{Expected, Length, OneFile};

/// Where they all are.
const HOME: &str = "https://download.pytorch.org/models";

/// None has more bytes: ConvNeXt-L's has 791 million.
const LONGEST: u64 = 1 << 30;

/// Weights of one network.
#[derive(Debug)]
pub struct Published {
    /// The network's file in `architectures/`, without its ending.
    pub network: &'static str,
    /// `IMAGENET1K_V1` is 1.
    pub version: u32,
    file: &'static str,
    sha256: &'static str,
}

impl Published {
    /// The file on its server.
    pub fn file(&self) -> OneFile<'static> {
        OneFile {
            name: self.file,
            home: HOME,
            expected: Expected { length: Length::AtMost(LONGEST), sha256: self.sha256 },
        }
    }
}

const fn published(network: &'static str, version: u32, file: &'static str, sha256: &'static str) -> Published {
    Published { network, version, file, sha256 }
}

/// All of them, those of a network one after the other.
pub const PUBLISHED: &[Published] = &[
    published("alexnet_torchvision", 1, "alexnet-owt-7be5be79.pth", "7be5be79"),
    published("convnext_tiny", 1, "convnext_tiny-983f1562.pth", "983f1562"),
    published("convnext_small", 1, "convnext_small-0c510722.pth", "0c510722"),
    published("convnext_base", 1, "convnext_base-6075fbad.pth", "6075fbad"),
    published("convnext_large", 1, "convnext_large-ea097f82.pth", "ea097f82"),
    published("densenet121", 1, "densenet121-a639ec97.pth", "a639ec97"),
    published("densenet161", 1, "densenet161-8d451a50.pth", "8d451a50"),
    published("densenet169", 1, "densenet169-b2777c0a.pth", "b2777c0a"),
    published("densenet201", 1, "densenet201-c1103571.pth", "c1103571"),
    published("efficientnet_b0", 1, "efficientnet_b0_rwightman-7f5810bc.pth", "7f5810bc"),
    published("efficientnet_b1", 1, "efficientnet_b1_rwightman-bac287d4.pth", "bac287d4"),
    published("efficientnet_b1", 2, "efficientnet_b1-c27df63c.pth", "c27df63c"),
    published("efficientnet_b2", 1, "efficientnet_b2_rwightman-c35c1473.pth", "c35c1473"),
    published("efficientnet_b3", 1, "efficientnet_b3_rwightman-b3899882.pth", "b3899882"),
    published("efficientnet_v2_s", 1, "efficientnet_v2_s-dd5fe13b.pth", "dd5fe13b"),
    published("efficientnet_v2_m", 1, "efficientnet_v2_m-dc08266a.pth", "dc08266a"),
    published("googlenet", 1, "googlenet-1378be20.pth", "1378be20"),
    published("inception_v3", 1, "inception_v3_google-0cc3c7bd.pth", "0cc3c7bd"),
    published("mnasnet0_5", 1, "mnasnet0.5_top1_67.823-3ffadce67e.pth", "3ffadce67e"),
    published("mnasnet1_0", 1, "mnasnet1.0_top1_73.512-f206786ef8.pth", "f206786ef8"),
    published("mobilenet_v2", 1, "mobilenet_v2-b0353104.pth", "b0353104"),
    published("mobilenet_v2", 2, "mobilenet_v2-7ebf99e0.pth", "7ebf99e0"),
    published("mobilenet_v3_large", 1, "mobilenet_v3_large-8738ca79.pth", "8738ca79"),
    published("mobilenet_v3_large", 2, "mobilenet_v3_large-5c1a4163.pth", "5c1a4163"),
    published("mobilenet_v3_small", 1, "mobilenet_v3_small-047dcff4.pth", "047dcff4"),
    published("regnet_x_400mf", 1, "regnet_x_400mf-adf1edd5.pth", "adf1edd5"),
    published("regnet_x_400mf", 2, "regnet_x_400mf-62229a5f.pth", "62229a5f"),
    published("regnet_x_800mf", 1, "regnet_x_800mf-ad17e45c.pth", "ad17e45c"),
    published("regnet_x_800mf", 2, "regnet_x_800mf-94a99ebd.pth", "94a99ebd"),
    published("regnet_x_1_6gf", 1, "regnet_x_1_6gf-e3633e7f.pth", "e3633e7f"),
    published("regnet_x_1_6gf", 2, "regnet_x_1_6gf-a12f2b72.pth", "a12f2b72"),
    published("regnet_x_3_2gf", 1, "regnet_x_3_2gf-f342aeae.pth", "f342aeae"),
    published("regnet_x_3_2gf", 2, "regnet_x_3_2gf-7071aa85.pth", "7071aa85"),
    published("regnet_x_8gf", 1, "regnet_x_8gf-03ceed89.pth", "03ceed89"),
    published("regnet_x_8gf", 2, "regnet_x_8gf-2b70d774.pth", "2b70d774"),
    published("regnet_y_400mf", 1, "regnet_y_400mf-c65dace8.pth", "c65dace8"),
    published("regnet_y_400mf", 2, "regnet_y_400mf-e6988f5f.pth", "e6988f5f"),
    published("regnet_y_800mf", 1, "regnet_y_800mf-1b27b58c.pth", "1b27b58c"),
    published("regnet_y_800mf", 2, "regnet_y_800mf-58fc7688.pth", "58fc7688"),
    published("regnet_y_1_6gf", 1, "regnet_y_1_6gf-b11a554e.pth", "b11a554e"),
    published("regnet_y_1_6gf", 2, "regnet_y_1_6gf-0d7bc02a.pth", "0d7bc02a"),
    published("regnet_y_3_2gf", 1, "regnet_y_3_2gf-b5a9779c.pth", "b5a9779c"),
    published("regnet_y_3_2gf", 2, "regnet_y_3_2gf-9180c971.pth", "9180c971"),
    published("resnet18", 1, "resnet18-f37072fd.pth", "f37072fd"),
    published("resnet34", 1, "resnet34-b627a593.pth", "b627a593"),
    published("resnet50", 1, "resnet50-0676ba61.pth", "0676ba61"),
    published("resnet50", 2, "resnet50-11ad3fa6.pth", "11ad3fa6"),
    published("resnet101", 1, "resnet101-63fe2227.pth", "63fe2227"),
    published("resnet101", 2, "resnet101-cd907fc2.pth", "cd907fc2"),
    published("resnet152", 1, "resnet152-394f9c45.pth", "394f9c45"),
    published("resnet152", 2, "resnet152-f82ba261.pth", "f82ba261"),
    published("resnext50_32x4d", 1, "resnext50_32x4d-7cdf4587.pth", "7cdf4587"),
    published("resnext50_32x4d", 2, "resnext50_32x4d-1a0047aa.pth", "1a0047aa"),
    published("resnext101_32x8d", 1, "resnext101_32x8d-8ba56ff5.pth", "8ba56ff5"),
    published("resnext101_32x8d", 2, "resnext101_32x8d-110c445d.pth", "110c445d"),
    published("resnext101_64x4d", 1, "resnext101_64x4d-173b62eb.pth", "173b62eb"),
    published("shufflenet_v2_x0_5", 1, "shufflenetv2_x0.5-f707e7126e.pth", "f707e7126e"),
    published("shufflenet_v2_x1_0", 1, "shufflenetv2_x1-5666bf0f80.pth", "5666bf0f80"),
    published("shufflenet_v2_x1_5", 1, "shufflenetv2_x1_5-3c479a10.pth", "3c479a10"),
    published("shufflenet_v2_x2_0", 1, "shufflenetv2_x2_0-8be3c8ee.pth", "8be3c8ee"),
    published("squeezenet1_0", 1, "squeezenet1_0-b66bff10.pth", "b66bff10"),
    published("squeezenet1_1", 1, "squeezenet1_1-b8a52dc0.pth", "b8a52dc0"),
    published("vgg11", 1, "vgg11-8a719046.pth", "8a719046"),
    published("vgg11_bn", 1, "vgg11_bn-6002323d.pth", "6002323d"),
    published("vgg13", 1, "vgg13-19584684.pth", "19584684"),
    published("vgg13_bn", 1, "vgg13_bn-abd245e5.pth", "abd245e5"),
    published("vgg16", 1, "vgg16-397923af.pth", "397923af"),
    published("vgg16_bn", 1, "vgg16_bn-6c64b313.pth", "6c64b313"),
    published("vgg19", 1, "vgg19-dcbb9e9d.pth", "dcbb9e9d"),
    published("vgg19_bn", 1, "vgg19_bn-c79401a0.pth", "c79401a0"),
    published("wide_resnet50_2", 1, "wide_resnet50_2-95faca4d.pth", "95faca4d"),
    published("wide_resnet50_2", 2, "wide_resnet50_2-9ba9bcbe.pth", "9ba9bcbe"),
    published("wide_resnet101_2", 1, "wide_resnet101_2-32ee1156.pth", "32ee1156"),
    published("wide_resnet101_2", 2, "wide_resnet101_2-d733dc28.pth", "d733dc28"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_end_in_the_digits_that_are_checked() {
        for one in PUBLISHED {
            let digits = one.file.rsplit_once('-').expect("a name and digits").1.trim_end_matches(".pth");
            assert_eq!(digits, one.sha256, "{one:?}");
            assert!(digits.len() >= 8 && digits.chars().all(|digit| digit.is_ascii_hexdigit()), "{one:?}");
        }
        for pair in PUBLISHED.windows(2) {
            let (first, second) = (&pair[0], &pair[1]);
            assert!(first.network != second.network || first.version + 1 == second.version, "{second:?}");
            assert!(first.network == second.network || second.version == 1, "{second:?}");
        }
    }
}
