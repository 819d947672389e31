//! Single layers of Caffe and sections of Darknet: what is written for them, and what is refused.
#![cfg(feature = "train")]

use std::path::Path;

use archc::diagnostic::Diagnostics;
use archc::expand::short;
use archc::import::Language;
use archc::layers::Layers;
use archc::syntax::no_files;
use archc::{Compiled, compile_with};

/// A network of Caffe for images of 4×9×9, of these layers.
fn caffe(layers: &str) -> Result<Compiled, Diagnostics> {
    let input =
        "layer { name: \"x\" type: \"Input\" top: \"x\" input_param { shape { dim: 1 dim: 4 dim: 9 dim: 9 } } }";
    foreign("net.prototxt", &format!("{input}\n{layers}"))
}

fn foreign(name: &str, text: &str) -> Result<Compiled, Diagnostics> {
    let ending = Path::new(name).extension().expect("an ending").to_string_lossy();
    let language = Language::from_extension(&ending).expect("it has the ending of one");
    compile_with(&Layers::default(), &no_files, name, text, language, &[])
}

/// One layer of Caffe that reads the images.
fn layer(name: &str, kind: &str, others: &str) -> String {
    format!("layer {{ name: \"{name}\" type: \"{kind}\" bottom: \"x\" top: \"{name}\" {others} }}\n")
}

/// The layers that are written for some of Caffe's.
#[test]
fn layers_of_caffe_become_few_words() {
    let pool =
        |how: &str| layer("p", "Pooling", &format!("pooling_param {{ pool: MAX kernel_size: 2 stride: 2 {how} }}"));
    let power = |how: &str| layer("p", "Power", &format!("power_param {{ {how} }}"));
    let sum = |how: &str| {
        let bottoms = "bottom: \"x\" eltwise_param { operation: SUM";
        layer("s", "Eltwise", &format!("{bottoms} {how} }}"))
    };
    for (text, expected) in [
        (pool(""), "maxpool 2x2 ceil"),
        (pool("ceil_mode: true"), "maxpool 2x2 ceil"),
        (pool("ceil_mode: false"), "maxpool 2x2"),
        (pool("round_mode: FLOOR"), "maxpool 2x2"),
        (power("scale: 0.5"), "mul 0.5"),
        (power("shift: -2"), "power 1 shift=-2"),
        (power("power: 0.5 shift: 3"), "power 0.5 shift=3"),
        (layer("s", "Scale", ""), "scale"),
        (layer("s", "Scale", "scale_param { bias_term: true }"), "scale bias"),
        (layer("n", "LRN", "lrn_param { local_size: 3 norm_region: WITHIN_CHANNEL }"), "avgpool 3x3 s1 p1"),
        (layer("n", "LRN", "lrn_param { local_size: 3 norm_region: WITHIN_CHANNEL }"), "power -0.75 shift=1"),
        (layer("n", "LRN", "lrn_param { local_size: 3 }"), "lrn 3 alpha=1"),
        (sum("coeff: 1 coeff: -0.25"), "mul -0.25"),
        (layer("r", "Reshape", "reshape_param { shape { dim: 0 dim: 2 dim: -1 dim: 9 } }"), "unflatten 2 18x9"),
    ] {
        let network = caffe(&text).unwrap_or_else(|errors| panic!("{text}\n{errors}")).network;
        let written = short(&network).text;
        let words = |line: &str| {
            line.split(" -> ").any(|call| call.trim_start_matches("- ").split(" as ").next() == Some(expected))
        };
        assert!(written.lines().any(|line| words(line.trim())), "{expected}:\n{written}");
    }
}

#[test]
fn layers_of_caffe_that_make_no_sense_are_refused() {
    let sum = |how: &str| layer("s", "Eltwise", &format!("bottom: \"x\" eltwise_param {{ {how} }}"));
    for (text, expected) in [
        (sum("operation: SUM coeff: 0.5"), "1 coefficients for 2 blobs"),
        (sum("operation: PROD coeff: 1 coeff: 1"), "only a sum has coefficients"),
        (
            layer("n", "LRN", "lrn_param { local_size: 4 norm_region: WITHIN_CHANNEL }"),
            "must be odd and positive, and is 4",
        ),
        (layer("n", "LRN", "lrn_param { local_size: -3 }"), "must be odd and positive, and is -3"),
        (
            layer("r", "Reshape", "reshape_param { shape { dim: 0 dim: 5 dim: -1 } }"),
            "archc reshapes to a vector or a map",
        ),
        (layer("r", "Reshape", ""), "needs its `reshape_param`"),
    ] {
        let errors = caffe(&text).expect_err(&text).to_string();
        assert!(errors.contains(expected), "{text}\n{errors}");
    }
}

/// A network for deployment with its auxiliary heads still there ends in the only softmax.
#[test]
fn a_softmax_is_the_end_among_others() {
    let head = |name: &str| layer(name, "InnerProduct", "inner_product_param { num_output: 5 }");
    let softmax = |of: &str| format!("layer {{ name: \"p{of}\" type: \"Softmax\" bottom: \"{of}\" top: \"p{of}\" }}\n");
    let text = head("aux") + &head("main") + &softmax("main");
    let compiled = caffe(&text).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(compiled.network.totals().params, 324 * 5 + 5);
    let warnings: Vec<&str> = compiled.warnings.list.iter().map(|warning| warning.message.as_str()).collect();
    assert!(warnings.iter().any(|warning| warning.contains("`aux` is left out")), "{warnings:?}");
    for text in [head("aux") + &head("main"), text + &softmax("aux")] {
        let errors = caffe(&text).expect_err(&text).to_string();
        assert!(errors.contains("one of archc has one output"), "{errors}");
    }
}

#[test]
fn reorg_is_refused_where_darknet_reads_past_the_end() {
    for (sizes, section, expected) in [
        ("4 8 8", "[reorg]\nstride=3", "4 channels do not make squares of 3×3 pixels"),
        ("4 7 8", "[reorg]\nstride=2", "7 rows do not split into squares of 2×2 pixels"),
        ("4 8 7", "[reorg]\nstride=2", "7 columns do not split into squares of 2×2 pixels"),
        ("4 8 8", "[reorg]\nstride=2000000000", "4 channels do not make squares"),
        ("4 8 8", "[reorg]\nstride=0", "`stride` must be at least 1"),
        ("4 8 8", "[reorg]\nextra=1", "adds numbers that nothing computes"),
        ("4 8 8", "[reorg3d]\nstride=3", "8×8 pixels do not fall into squares of 3×3"),
        ("4 8 8", "[reorg3d]\nstride=2\nreverse=1", "depend on the size of the map"),
        ("4 8 8", "[connected]\noutput=8\n[reorg]\nstride=2", "`[reorg]` needs a map, and 8 features arrive"),
    ] {
        let [channels, height, width] = sizes.split(' ').collect::<Vec<_>>()[..] else { panic!("{sizes}") };
        let text = format!("[net]\nchannels={channels}\nheight={height}\nwidth={width}\n{section}\n");
        let errors = foreign("net.cfg", &text).expect_err(&text).to_string();
        assert!(errors.contains(expected), "{text}\n{errors}");
    }
}

#[test]
fn what_stands_behind_a_number_is_none_of_it() {
    let text = |filters: &str| {
        format!("[net]\nchannels=3\nheight=8\nwidth=8\n[convolutional]\nsize=3\nactivation=ramp\nfilters={filters}\n")
    };
    for (filters, params) in [("40    #32", 40 * 28), ("40#32", 40 * 28), ("8 # eight", 8 * 28)] {
        let compiled = foreign("net.cfg", &text(filters)).unwrap_or_else(|errors| panic!("{errors}"));
        assert_eq!(compiled.network.totals().params, params, "{filters}");
    }
    let errors = foreign("net.cfg", &text("# eight")).expect_err("there is no number").to_string();
    assert!(errors.contains("`filters` must be a whole number"), "{errors}");
}
