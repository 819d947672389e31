//! The data sets that archc knows by name: their images, their classes, their home.

use std::fmt;

use crate::ir::Shape;

/// Where images and labels come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DataSet {
    /// UCI's 1,797 handwritten digits, 1×8×8, part of this program.
    Digits,
    /// 1×28×28, ten classes, IDX files.
    Mnist,
    /// 1×28×28, ten classes, IDX files.
    FashionMnist,
    /// 3×32×32, ten classes, binary or Python version.
    Cifar10,
    /// 3×32×32, a hundred classes, binary or Python version.
    Cifar100,
    /// `train/CLASS/*.jpg` and `val/` or `test/`, any size.
    Folder,
    /// A file with a row for each image, which may be of any size.
    Table,
    /// A file of MedMNIST's: NumPy's arrays of images of one size and of their labels.
    Medmnist,
    /// Tar archives with an image and a class a sample, of any size.
    WebDataset,
}

impl DataSet {
    /// Every one, in the order in which they are listed to users.
    pub const ALL: [DataSet; 9] = [
        DataSet::Digits,
        DataSet::Mnist,
        DataSet::FashionMnist,
        DataSet::Cifar10,
        DataSet::Cifar100,
        DataSet::Folder,
        DataSet::Table,
        DataSet::Medmnist,
        DataSet::WebDataset,
    ];

    /// Whether it stands for files and folders of the user's own.
    pub fn is_own(self) -> bool {
        self.image().is_none()
    }

    /// As `set:` has it.
    pub fn name(self) -> &'static str {
        match self {
            DataSet::Digits => "digits",
            DataSet::Mnist => "mnist",
            DataSet::FashionMnist => "fashion-mnist",
            DataSet::Cifar10 => "cifar10",
            DataSet::Cifar100 => "cifar100",
            DataSet::Folder => "folder",
            DataSet::Table => "table",
            DataSet::Medmnist => "medmnist",
            DataSet::WebDataset => "webdataset",
        }
    }

    /// C×H×W of every image; `None` for files and folders of the user's own, whose images are of any size.
    pub fn image(self) -> Option<Shape> {
        match self {
            DataSet::Digits => Some(Shape::map(1, 8, 8)),
            DataSet::Mnist | DataSet::FashionMnist => Some(Shape::map(1, 28, 28)),
            DataSet::Cifar10 | DataSet::Cifar100 => Some(Shape::map(3, 32, 32)),
            DataSet::Folder | DataSet::Table | DataSet::Medmnist | DataSet::WebDataset => None,
        }
    }

    /// How many images there are to train with; `None` for files and folders of the user's own, which hold any number.
    pub fn images(self) -> Option<usize> {
        match self {
            DataSet::Digits => Some(1438),
            DataSet::Mnist | DataSet::FashionMnist => Some(60_000),
            DataSet::Cifar10 | DataSet::Cifar100 => Some(50_000),
            DataSet::Folder | DataSet::Table | DataSet::Medmnist | DataSet::WebDataset => None,
        }
    }

    /// Class names by label; none for files and folders of the user's own, which bring theirs.
    pub fn classes(self) -> &'static [&'static str] {
        match self {
            DataSet::Digits | DataSet::Mnist => &["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
            DataSet::FashionMnist => &FASHION_MNIST,
            DataSet::Cifar10 => &CIFAR10,
            DataSet::Cifar100 => &CIFAR100,
            DataSet::Folder | DataSet::Table | DataSet::Medmnist | DataSet::WebDataset => &[],
        }
    }

    /// Where to get it, for the message that says it is missing.
    pub fn home(self) -> &'static str {
        match self {
            DataSet::Digits => "https://archive.ics.uci.edu/dataset/80/optical+recognition+of+handwritten+digits",
            DataSet::Mnist => "https://yann.lecun.com/exdb/mnist/ or https://ossci-datasets.s3.amazonaws.com/mnist/",
            DataSet::FashionMnist => {
                "https://github.com/zalandoresearch/fashion-mnist or Debian's package dataset-fashion-mnist"
            }
            DataSet::Cifar10 | DataSet::Cifar100 => "https://www.cs.toronto.edu/~kriz/cifar.html",
            DataSet::Folder | DataSet::Table | DataSet::Medmnist | DataSet::WebDataset => "",
        }
    }
}

impl fmt::Display for DataSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Source: <https://github.com/zalandoresearch/fashion-mnist>.
const FASHION_MNIST: [&str; 10] =
    ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"];

/// Source: batches.meta.txt of the data set.
const CIFAR10: [&str; 10] = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

/// The fine labels. Source: fine_label_names.txt of the data set.
#[rustfmt::skip]
const CIFAR100: [&str; 100] = [
    "apple", "aquarium_fish", "baby", "bear", "beaver", "bed", "bee", "beetle", "bicycle", "bottle",
    "bowl", "boy", "bridge", "bus", "butterfly", "camel", "can", "castle", "caterpillar", "cattle",
    "chair", "chimpanzee", "clock", "cloud", "cockroach", "couch", "crab", "crocodile", "cup", "dinosaur",
    "dolphin", "elephant", "flatfish", "forest", "fox", "girl", "hamster", "house", "kangaroo", "keyboard",
    "lamp", "lawn_mower", "leopard", "lion", "lizard", "lobster", "man", "maple_tree", "motorcycle", "mountain",
    "mouse", "mushroom", "oak_tree", "orange", "orchid", "otter", "palm_tree", "pear", "pickup_truck", "pine_tree",
    "plain", "plate", "poppy", "porcupine", "possum", "rabbit", "raccoon", "ray", "road", "rocket",
    "rose", "sea", "seal", "shark", "shrew", "skunk", "skyscraper", "snail", "snake", "spider",
    "squirrel", "streetcar", "sunflower", "sweet_pepper", "table", "tank", "telephone", "television", "tiger", "tractor",
    "train", "trout", "tulip", "turtle", "wardrobe", "whale", "willow_tree", "wolf", "woman", "worm",
];
