use super::*;

#[test]
fn names_are_unique_and_usages_start_with_them() {
    for (index, definition) in LAYERS.iter().enumerate() {
        assert_eq!(LAYERS.iter().position(|other| other.name == definition.name), Some(index));
        assert_eq!(definition.usage.split(' ').next(), Some(definition.name));
    }
}

/// What layers say of themselves, against what they make of a map or vector, and of one that is twice as large.
#[test]
fn layers_know_whether_they_keep_shapes() {
    let (map, vector) = (Shape::map(4, 8, 8), Shape::Vector(8));
    let mut keeping = 0;
    for call in [
        "conv 4 3x3 padding=1",
        "conv 4 1x1",
        "depthwise 3x3 padding=1",
        "depthwise 3x3",
        "depthwise 3x3 padding=1 multiplier=2",
        "conv_transpose 4 3x3 padding=1",
        "upsample 1",
        "upsample 2",
        "upsample size=8",
        "pad 0",
        "pad 1",
        "pad channels=1",
        "maxpool 3 stride=1 padding=1",
        "maxpool 5 stride=1 padding=1 dilation=1",
        "maxpool 2",
        "avgpool 3 stride=1 padding=1",
        "avgpool 3x1 stride=1 padding=1x0",
        "adaptive_avgpool 8",
        "adaptive_maxpool 8",
        "global_avgpool",
        "global_maxpool",
        "bn",
        "gn 2",
        "ln",
        "lrn 5",
        "scale",
        "scale map",
        "linear 8",
        "dropout",
        "drop_path 0.1",
        "flatten",
        "unflatten 2 2",
        "unflatten 8 1",
        "identity",
        "slice 0",
        "slice 0 4",
        "channel_shuffle 2",
        "channel_mean",
        "channel_max",
        "pixel_shuffle 1",
        "pixel_shuffle 2",
        "pixel_unshuffle 1",
        "pixel_unshuffle 2",
        "relu",
        "leaky_relu",
        "elu",
        "softplus",
        "power 2",
        "prelu",
        "softmax",
        "softmax groups=4",
    ] {
        let layer = testing::layer(call).expect("a valid call");
        for (input, larger) in [(map, Shape::map(8, 16, 16)), (vector, Shape::Vector(16))] {
            let Ok(output) = layer.output(&[input]) else { continue };
            let keeps = output == input && layer.output(&[larger]) == Ok(larger);
            assert_eq!(layer.keeps_shape(input), keeps, "{call} over {input}");
            keeping += usize::from(keeps);
        }
    }
    assert!(keeping > 20, "{keeping}");
}

#[test]
fn suggests_what_other_frameworks_call_them() {
    for (name, expected) in [
        ("Conv2d", Some("conv")),
        ("cnov", Some("conv")),
        ("BatchNorm2d", Some("bn")),
        ("batch_norm", Some("bn")),
        ("AdaptiveAvgPool2d", Some("adaptive_avgpool")),
        ("LeakyReLU", Some("leaky_relu")),
        ("max_pool", Some("maxpool")),
        ("fc", Some("linear")),
        ("lstm", None),
        ("SELU", None),
        ("grn", None),
        ("reshape", None),
        ("relu7", Some("relu")),
    ] {
        assert_eq!(Layers::default().suggest(name), expected, "{name}");
    }
}
