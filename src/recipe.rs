//! How a network is trained: the `data:` and `train:` sections, checked, as plain data.
//!
//! Reading them from a document is [`crate::elaborate`]'s work; carrying them out is [`crate::train`]'s.

/// `data:`.
#[derive(Debug, Clone, PartialEq)]
pub struct Data {
    /// `set:`: `digits`, `mnist`, `fashion-mnist`, `cifar10`, `cifar100` or `folder`.
    pub set: DataSet,
    /// `path:`, where the files are; the set's usual places if there is none.
    pub path: Option<String>,
    /// `train:`, applied to every training image in this order.
    pub train: Vec<Transform>,
    /// `eval:`; the entries of `train` that are not random, if left out.
    pub eval: Vec<Transform>,
    /// `on_bad_image: refuse` (the default) or `skip`.
    pub bad_images: BadImages,
}

/// Where images and labels come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DataSet {
    /// UCI's 1,797 handwritten digits, 1×8×8, part of this program.
    Digits,
    /// 1×28×28, ten classes, IDX files.
    Mnist,
    /// 1×28×28, ten classes, IDX files.
    FashionMnist,
    /// 3×32×32, ten classes, binary version.
    Cifar10,
    /// 3×32×32, a hundred classes, binary version.
    Cifar100,
    /// `train/CLASS/*.jpg` and `val/` or `test/`, any size.
    Folder,
}

/// What to do with an image that cannot be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadImages {
    /// Stop, and name it.
    Refuse,
    /// Go on without it, and say how many there were.
    Skip,
}

/// One step from a decoded image, C×H×W with values in \[0, 1\], to the network's input.
#[derive(Debug, Clone, PartialEq)]
pub enum Transform {
    /// `pad 4`: zeros on all sides.
    Pad {
        /// Pixels on each side.
        pixels: usize,
    },
    /// `crop 32 pad=4`: a random window, after padding with zeros.
    RandomCrop {
        /// Height.
        height: usize,
        /// Width.
        width: usize,
        /// Pixels of padding on each side.
        pad: usize,
    },
    /// `center_crop 227`: the window in the middle; padded with zeros if the image is smaller.
    CenterCrop {
        /// Height.
        height: usize,
        /// Width.
        width: usize,
    },
    /// `hflip` or `hflip 0.3`: mirrored with this probability.
    HorizontalFlip {
        /// Between 0 and 1.
        probability: f64,
    },
    /// `resize 256`: the shorter side becomes this long; `resize 32x48`: exactly this size. Bilinear with anti-aliasing, as Pillow does.
    Resize(Resize),
    /// `normalize cifar10`, or `normalize mean=[…] std=[…]`: (x − mean)/std, channel by channel.
    Normalize {
        /// One for each channel.
        mean: Vec<f64>,
        /// One for each channel; positive.
        std: Vec<f64>,
    },
}

/// What `resize` aims at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resize {
    /// The shorter side, keeping the aspect ratio.
    Shorter(usize),
    /// Both sides.
    Exact {
        /// Height.
        height: usize,
        /// Width.
        width: usize,
    },
}

impl Transform {
    /// Whether it draws random numbers, and so has no place in evaluation.
    pub fn is_random(&self) -> bool {
        matches!(self, Transform::RandomCrop { .. } | Transform::HorizontalFlip { .. })
    }
}

/// `train:`.
#[derive(Debug, Clone, PartialEq)]
pub struct Train {
    /// How often to go through the training data; at least 1.
    pub epochs: usize,
    /// Examples a step; at least 1.
    pub batch: usize,
    /// Whether a last, smaller batch is left out.
    pub drop_last: bool,
    /// The rule that changes the weights.
    pub optimizer: Optimizer,
    /// How the learning rate changes from epoch to epoch.
    pub schedule: Schedule,
    /// From which everything random follows.
    pub seed: u64,
    /// `checkpoint_every:`: keep one every so many epochs, besides best and last.
    pub checkpoint_every: Option<usize>,
}

/// An update rule; formulas in REFERENCE §3's notation at [`crate::train`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Optimizer {
    /// `sgd lr=0.1 momentum=0.9 weight_decay=5e-4 nesterov`
    Sgd {
        /// Learning rate.
        lr: f64,
        /// μ
        momentum: f64,
        /// λ
        weight_decay: f64,
        /// Looks ahead along the momentum.
        nesterov: bool,
    },
    /// `adam lr=1e-3 beta1=0.9 beta2=0.999 eps=1e-8 weight_decay=0`
    Adam(AdamSettings),
    /// As Adam, but the decay shrinks the weights directly; `weight_decay` is 0.01 unless given.
    AdamW(AdamSettings),
}

/// Settings that Adam and AdamW share.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdamSettings {
    /// Learning rate.
    pub lr: f64,
    /// Decay of the mean of gradients.
    pub beta1: f64,
    /// Decay of the mean of squared gradients.
    pub beta2: f64,
    /// Added to the root.
    pub eps: f64,
    /// λ
    pub weight_decay: f64,
}

impl Optimizer {
    /// The learning rate before any schedule.
    pub fn lr(&self) -> f64 {
        match self {
            Optimizer::Sgd { lr, .. } => *lr,
            Optimizer::Adam(settings) | Optimizer::AdamW(settings) => settings.lr,
        }
    }
}

/// How the learning rate changes, by completed epochs. Source: <https://docs.pytorch.org/docs/stable/optim.html>.
#[derive(Debug, Clone, PartialEq)]
pub enum Schedule {
    /// `constant`
    Constant,
    /// `step 30 gamma=0.1`
    Step {
        /// Epochs between two reductions.
        every: usize,
        /// The factor.
        gamma: f64,
    },
    /// `multistep 50 100 gamma=0.1`
    MultiStep {
        /// Epochs after which to reduce, ascending.
        milestones: Vec<usize>,
        /// The factor.
        gamma: f64,
    },
    /// `cosine` or `cosine min=1e-5`: half a cosine over all epochs.
    Cosine {
        /// The rate at the end.
        min: f64,
    },
}
