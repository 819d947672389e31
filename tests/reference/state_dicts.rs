//! torchvision's state dicts, as .pth and as safetensors, give torchvision's logits.

use archc::executor::Executor;
use archc::weights;

use crate::fixture::{path, program};

#[test]
fn load_by_name() {
    for name in ["torchvision_resnet", "torchvision_vgg_bn", "torchvision_alexnet"] {
        let mut expected =
            weights::read(&path(&format!("torchvision/{name}.logits.safetensors"))).expect("make.py wrote it");
        let [images, logits]: [Vec<f32>; 2] =
            ["images", "logits"].map(|key| expected.values(key).expect("the fixture's types convert"));
        for extension in ["pth", "safetensors"] {
            let program = program(name);
            let path = path(&format!("torchvision/{name}.{extension}"));
            let (loaded, _) = weights::load(&path, &program.weights).unwrap_or_else(|error| panic!("{error}"));
            let mut executor = Executor::<f32>::new(program, loaded);
            let found = executor.evaluate(&images);
            let largest = logits.iter().fold(0.0, |largest: f32, logit| largest.max(logit.abs()));
            for (found, logit) in found.iter().zip(&logits) {
                assert!((found - logit).abs() <= 1e-4 * largest, "{name}.{extension}: {found} for {logit}");
            }
            assert_eq!(found.len(), logits.len(), "{name}.{extension}");
        }
    }
}
