//! Where the files of each set are, and what their bytes must be.

use crate::recipe::DataSet;

/// A set's files on its servers.
#[derive(Debug)]
pub struct DownloadSource {
    /// Folders of servers, best first.
    pub homes: &'static [&'static str],
    files: &'static [(&'static str, Expected)],
    /// The files that are unpacked, wherever in an archive they lie, and nothing else.
    pub members: &'static [&'static str],
    /// No file of the set has more bytes.
    pub longest: u64,
}

/// What a file must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expected {
    /// Its length.
    pub length: Length,
    /// In hexadecimal; its beginning, where nobody says more.
    pub sha256: &'static str,
}

/// How many bytes a file has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// These.
    Exactly(u64),
    /// No more than these.
    AtMost(u64),
}

impl Expected {
    /// The length, where it is known.
    pub fn bytes(&self) -> Option<u64> {
        match self.length {
            Length::Exactly(bytes) => Some(bytes),
            Length::AtMost(_) => None,
        }
    }

    /// What a longer file is not.
    pub fn most(&self) -> u64 {
        let (Length::Exactly(bytes) | Length::AtMost(bytes)) = self.length;
        bytes
    }
}

/// A file to load.
#[derive(Debug)]
pub struct Download {
    /// What it is called here.
    pub name: String,
    /// Where it may be, best first.
    pub urls: Vec<String>,
    /// What it must be; `None` if nobody knows.
    pub expected: Option<Expected>,
}

impl DownloadSource {
    /// Every file, in any of these folders.
    pub fn downloads(&self, folders: &[&str]) -> Vec<Download> {
        let download = |(name, expected): &(&str, Expected)| Download {
            name: name.to_string(),
            urls: folders.iter().map(|folder| format!("{}/{name}", folder.trim_end_matches('/'))).collect(),
            expected: Some(*expected),
        };
        self.files.iter().map(download).collect()
    }

    /// What the files may be called here.
    pub fn names(&self) -> impl Iterator<Item = String> {
        let archives = ARCHIVES.iter().map(|ending| archive(ending));
        self.files.iter().map(|(name, _)| name.to_string()).chain(archives)
    }
}

/// How the addresses of archives end.
const ARCHIVES: [&str; 4] = [".zip", ".tar.gz", ".tgz", ".tar"];

fn archive(ending: &str) -> String {
    format!("archive{ending}")
}

impl Download {
    /// The archive at `url`, if the address ends as that of an archive does.
    pub fn archive(url: &str) -> Option<Download> {
        let path = url.split(['?', '#']).next().unwrap_or(url).to_lowercase();
        let ending = ARCHIVES.into_iter().find(|ending| path.ends_with(ending))?;
        Some(Download { name: archive(ending), urls: vec![url.to_string()], expected: None })
    }
}

/// `None` for what is not on any server.
pub fn source(set: DataSet) -> Option<&'static DownloadSource> {
    match set {
        DataSet::Mnist => Some(&MNIST),
        DataSet::FashionMnist => Some(&FASHION_MNIST),
        DataSet::Cifar10 => Some(&CIFAR10),
        DataSet::Cifar100 => Some(&CIFAR100),
        DataSet::Digits | DataSet::Folder | DataSet::Table | DataSet::Medmnist | DataSet::WebDataset => None,
    }
}

const fn expected(bytes: u64, sha256: &'static str) -> Expected {
    Expected { length: Length::Exactly(bytes), sha256 }
}

const IDX: &[&str] = &[
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
    "train-images.idx3-ubyte",
    "train-labels.idx1-ubyte",
    "t10k-images.idx3-ubyte",
    "t10k-labels.idx1-ubyte",
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
];

/// Source: torchvision's mirrors.
const MNIST: DownloadSource = DownloadSource {
    homes: &["https://ossci-datasets.s3.amazonaws.com/mnist", "http://yann.lecun.com/exdb/mnist"],
    files: &[
        (
            "train-images-idx3-ubyte.gz",
            expected(9_912_422, "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"),
        ),
        (
            "train-labels-idx1-ubyte.gz",
            expected(28_881, "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
        ),
        (
            "t10k-images-idx3-ubyte.gz",
            expected(1_648_877, "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
        ),
        (
            "t10k-labels-idx1-ubyte.gz",
            expected(4_542, "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"),
        ),
    ],
    members: IDX,
    longest: 1 << 26,
};

/// Source: the home page, <https://github.com/zalandoresearch/fashion-mnist>.
const FASHION_MNIST: DownloadSource = DownloadSource {
    homes: &[
        "https://fashion-mnist.s3.eu-central-1.amazonaws.com",
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion",
    ],
    files: &[
        (
            "train-images-idx3-ubyte.gz",
            expected(26_421_880, "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"),
        ),
        (
            "train-labels-idx1-ubyte.gz",
            expected(29_515, "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"),
        ),
        (
            "t10k-images-idx3-ubyte.gz",
            expected(4_422_102, "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"),
        ),
        (
            "t10k-labels-idx1-ubyte.gz",
            expected(5_148, "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"),
        ),
    ],
    members: IDX,
    longest: 1 << 26,
};

/// Source: the home page, <https://www.cs.toronto.edu/~kriz/cifar.html>, and TensorFlow Datasets' SHA-256.
const CIFAR10: DownloadSource = DownloadSource {
    homes: &["https://www.cs.toronto.edu/~kriz"],
    files: &[(
        "cifar-10-binary.tar.gz",
        expected(170_052_171, "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"),
    )],
    members: &[
        "data_batch_1.bin",
        "data_batch_2.bin",
        "data_batch_3.bin",
        "data_batch_4.bin",
        "data_batch_5.bin",
        "test_batch.bin",
        "data_batch_1",
        "data_batch_2",
        "data_batch_3",
        "data_batch_4",
        "data_batch_5",
        "test_batch",
    ],
    longest: 1 << 26,
};

const CIFAR100: DownloadSource = DownloadSource {
    homes: &["https://www.cs.toronto.edu/~kriz"],
    files: &[(
        "cifar-100-binary.tar.gz",
        expected(168_513_733, "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec"),
    )],
    members: &["train.bin", "test.bin", "train", "test"],
    longest: 1 << 28,
};
