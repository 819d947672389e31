//! MedMNIST's files: a zip archive of NumPy's arrays, of three parts with images and labels each.
//!
//! ```text
//! train_images.npy   N×H×W or N×H×W×3 bytes      val_images.npy, test_images.npy
//! train_labels.npy   N×1 or N×L whole numbers    val_labels.npy, test_labels.npy
//! ```
//!
//! Sources: <https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>, <https://medmnist.com>.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use npyz::{DType, Endianness, NpyHeader, Order, TypeChar};

use super::archive::{Entry, Kind, entries, kind};
use super::collection::{Collection, TestImages};
use super::file::{ImageFile, Member};
use super::pixels::PixelRows;
use super::split::{Images, Split};
use super::targets::{LabelSets, NumberRows, Targets, check_labels};
use super::{DataError, places};
use crate::diagnostic::printable;
use crate::ir::Pair;
use crate::recipe::{Data, DataSet, Task};

/// The longest header of an array; NumPy's own have 128 bytes.
const LONGEST_HEADER: u64 = 2048;

/// The most images of a part, the most bytes of its labels, and the largest of these.
const MOST_IMAGES: u64 = 1 << 22;
const MOST_LABELS: u64 = 256 << 20;
const LARGEST_LABEL: i64 = 65_535;

/// Whether a file's name is one of NumPy's archives.
pub fn is_npz(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("npz"))
}

/// Whether a file's images have several labels each, of which the file says which are there.
pub fn tells_several(path: Option<&str>) -> bool {
    let data = Data::of(DataSet::Medmnist, path.map(str::to_owned));
    let columns =
        Arrays::open(&data).and_then(|arrays| Ok(arrays.array("train_labels")?.header.shape().get(1).copied()));
    columns.is_ok_and(|columns| columns.is_some_and(|columns| columns > 1))
}

/// Reads the labels of a file, and where its images are.
pub fn open(data: &Data) -> Result<Collection, DataError> {
    let arrays = Arrays::open(data)?;
    let (train, validation) = (arrays.part("train")?, arrays.part("val")?);
    let test = arrays.part("test")?;
    let parts = [&train, &validation, &test];
    let classes = arrays.names(data.task, &parts)?;
    let (size, channels) = (train.images.size, train.images.channels);
    let taken_for = format!(
        "file of MedMNIST's form: images of {size} in {}, {}",
        if channels == 1 { "grey" } else { "colours" },
        match (data.task, train.columns) {
            (Task::Class, _) => "a class each".to_owned(),
            (Task::Multilabel, labels) => format!("which of {labels} labels each has"),
            (_, 1) => "a number each".to_owned(),
            (_, numbers) => format!("{numbers} numbers each"),
        }
    );
    let [train, validation] = [train, validation].map(|part| arrays.split(part, data.task, &classes));
    let (test, left_out, taken_for) = (TestImages::Same, Vec::new(), Some(taken_for));
    Ok(Collection { train: train?, validation: validation?, test, classes, left_out, notes: Vec::new(), taken_for })
}

/// The images to test with.
pub fn test(data: &Data, classes: &[String]) -> Result<Split, DataError> {
    let arrays = Arrays::open(data)?;
    let part = arrays.part("test")?;
    arrays.names(data.task, &[&part])?;
    arrays.split(part, data.task, classes)
}

/// The arrays of a file.
struct Arrays {
    path: PathBuf,
    members: HashMap<String, Arc<Member>>,
    /// The most pixels that an image of so many bytes may have.
    most_pixels: usize,
}

/// An array's header.
struct Array<'a> {
    member: &'a Arc<Member>,
    header: NpyHeader,
    /// Where its values begin.
    start: u64,
}

/// What a part has.
struct PartOf {
    name: &'static str,
    images: PixelRows,
    /// L numbers an image.
    labels: Vec<f64>,
    columns: usize,
}

impl Arrays {
    fn open(data: &Data) -> Result<Arrays, DataError> {
        let Some(path) = &data.path else {
            return Err(DataError::Mismatch("`set: medmnist` needs `path:`, the .npz file".to_owned()));
        };
        let path = places::expand_home(path);
        if !path.is_file() {
            let message = match path.is_dir() {
                true => "it is a folder; `path` names one of MedMNIST's files, such as `pathmnist.npz`",
                false => "there is no such file; `path` names one of MedMNIST's, such as `pathmnist.npz`",
            };
            return Err(DataError::malformed(&path, message));
        }
        if kind(&path)? != Some(Kind::Zip) {
            return Err(DataError::malformed(&path, "it is no .npz file: that is a zip archive of NumPy's arrays"));
        }
        let members = entries(&path, Kind::Zip)?.into_iter();
        let members =
            members.filter_map(|Entry { name, member }| Some((name.strip_suffix(".npy")?.to_owned(), member)));
        let most_pixels = data.max_pixels.of_file(path.metadata().map_or(0, |found| found.len()));
        Ok(Arrays { members: members.collect(), path, most_pixels })
    }

    fn bad(&self, message: impl Into<String>) -> DataError {
        DataError::malformed(&self.path, message)
    }

    /// The header of an array.
    fn array(&self, name: &str) -> Result<Array<'_>, DataError> {
        let Some(member) = self.members.get(name) else {
            let mut names: Vec<&str> = self.members.keys().map(String::as_str).collect();
            names.sort_unstable();
            names.truncate(8);
            let names = if names.is_empty() { "none".to_owned() } else { printable(&names.join(", ")) };
            return Err(self.bad(format!(
                "there is no array `{name}` in it, as MedMNIST's files have them; those in it: {names}"
            )));
        };
        let file = ImageFile::within(self.path.join(name), Arc::clone(member));
        let head = file.open().and_then(|mut reading| reading.head(LONGEST_HEADER));
        let head = head.map_err(|error| DataError::io(&self.path, error))?;
        // The length of the header stands before it; what is longer was not read.
        let length = match head.get(6) {
            Some(1) => head.get(8..10).map(|bytes| 10 + u64::from(u16::from_le_bytes([bytes[0], bytes[1]]))),
            _ => head
                .get(8..12)
                .map(|bytes| 12 + u64::from(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))),
        };
        let length = length.filter(|length| *length <= head.len() as u64);
        let header = length.and_then(|length| NpyHeader::from_reader(&head[..length as usize]).ok().zip(Some(length)));
        let Some((header, start)) = header else {
            return Err(self.bad(format!("`{name}.npy` in it is no array of NumPy's")));
        };
        if header.order() == Order::Fortran && header.shape().len() > 1 {
            return Err(
                self.bad(format!("`{name}` is stored column by column: save `numpy.ascontiguousarray({name})`"))
            );
        }
        Ok(Array { member, header, start })
    }

    fn part(&self, name: &'static str) -> Result<PartOf, DataError> {
        let images = self.images(&format!("{name}_images"))?;
        let key = format!("{name}_labels");
        let (labels, rows, columns) = self.labels(&key)?;
        if rows != images.count as u64 {
            return Err(self.bad(format!("`{key}` has {rows} rows, and there are {} images", images.count)));
        }
        Ok(PartOf { name, images, labels, columns })
    }

    /// How many bytes an array has must be what its header says.
    fn check_length(&self, array: &Array, name: &str, each: u64) -> Result<(), DataError> {
        let shape = array.header.shape();
        let promised = shape.iter().try_fold(each, |product, side| product.checked_mul(*side));
        // The archive's directory may say less than there is.
        let found = array.member.length.checked_sub(array.start);
        if promised.is_some() && promised == found {
            return Ok(());
        }
        let sides = shape.iter().map(u64::to_string).collect::<Vec<_>>().join("·");
        let found = found.unwrap_or_default();
        Err(self.bad(format!("`{name}` is to have {sides}·{each} bytes, and {found} follow")))
    }

    fn images(&self, name: &str) -> Result<PixelRows, DataError> {
        let array = self.array(name)?;
        let kind = array.header.dtype();
        let is_bytes =
            matches!(&kind, DType::Plain(kind) if kind.type_char() == TypeChar::Uint && kind.size_field() == 1);
        if !is_bytes {
            return Err(self.bad(format!("the values of `{name}` are {}, and images are bytes: `|u1`", kind.descr())));
        }
        let (count, height, width, channels) = match array.header.shape() {
            [count, height, width] => (*count, *height, *width, 1),
            [count, height, width, channels @ (1 | 3)] => (*count, *height, *width, *channels),
            shape => {
                let shape = shape.iter().map(u64::to_string).collect::<Vec<_>>().join("×");
                let volumes = if shape.matches('×').count() == 3 { ": volumes are no images" } else { "" };
                return Err(self.bad(format!("`{name}` is {shape}, and images are N×H×W or N×H×W×3{volumes}")));
            }
        };
        self.check_length(&array, name, 1)?;
        let pixels = height.saturating_mul(width);
        match count {
            0 => return Err(self.bad(format!("`{name}` is empty"))),
            count if count > MOST_IMAGES => {
                return Err(self.bad(format!("`{name}` has {count} images, and {MOST_IMAGES} at most are read")));
            }
            _ if pixels == 0 || pixels > self.most_pixels as u64 => {
                let most = self.most_pixels;
                return Err(self.bad(format!("the images of `{name}` have {pixels} pixels, and there are 1 to {most}")));
            }
            _ => {}
        }
        let size = Pair { height: height as usize, width: width as usize };
        Ok(PixelRows::new(Arc::clone(array.member), array.start, count as usize, channels as usize, size))
    }

    /// The values of an array, how many rows it has, and of how many columns.
    fn labels(&self, name: &str) -> Result<(Vec<f64>, u64, usize), DataError> {
        let array = self.array(name)?;
        let DType::Plain(kind) = array.header.dtype() else {
            return Err(self.bad(format!("`{name}` has fields, and labels are numbers")));
        };
        let (rows, columns) = match array.header.shape() {
            [rows] => (*rows, 1),
            [rows, columns] if *columns > 0 => (*rows, *columns),
            shape => return Err(self.bad(format!("`{name}` has {} axes, and labels have one or two", shape.len()))),
        };
        let each = kind.size_field();
        self.check_length(&array, name, each)?;
        let length = array.member.length;
        if length > MOST_LABELS {
            return Err(self.bad(format!("`{name}` has {length} bytes, and {MOST_LABELS} at most are read")));
        }
        let file = ImageFile::within(self.path.join(name), Arc::clone(array.member));
        let bytes = file.open().and_then(|reading| reading.bytes(length));
        let bytes = bytes.map_err(|error| self.bad(format!("`{name}`: {error}")))?;
        let big = kind.endianness() == Endianness::Big;
        let value = |bytes: &[u8]| {
            let mut wide = [0; 8];
            wide[..bytes.len()].copy_from_slice(bytes);
            if big {
                wide[..bytes.len()].reverse();
            }
            let (bits, unused) = (u64::from_le_bytes(wide), 64 - 8 * bytes.len() as u32);
            match (kind.type_char(), bytes.len()) {
                (TypeChar::Uint | TypeChar::Bool, 1 | 2 | 4 | 8) => Some(bits as f64),
                (TypeChar::Int, 1 | 2 | 4 | 8) => Some(((bits as i64) << unused >> unused) as f64),
                (TypeChar::Float, 4) => Some(f64::from(f32::from_bits(bits as u32))),
                (TypeChar::Float, 8) => Some(f64::from_bits(bits)),
                _ => None,
            }
        };
        let values = bytes[array.start as usize..].chunks_exact(each.clamp(1, 8) as usize).map(value);
        let values = if each <= 8 { values.collect::<Option<Vec<f64>>>() } else { None };
        let refused = || self.bad(format!("the values of `{name}` are `{kind}`, and labels are numbers"));
        Ok((values.ok_or_else(refused)?, rows, columns as usize))
    }

    /// Names of classes, labels or numbers: MedMNIST's own where the file is called as one of its files, or numbers.
    fn names(&self, task: Task, parts: &[&PartOf]) -> Result<Vec<String>, DataError> {
        let columns = parts[0].columns;
        if let Some(other) = parts.iter().find(|part| part.columns != columns) {
            let (name, found) = (other.name, other.columns);
            return Err(self.bad(format!("`{name}_labels` has {found} columns, and `train_labels` {columns}")));
        }
        let count = match task {
            Task::Class if columns > 1 => {
                return Err(self.bad(format!(
                    "each image has {columns} labels: write `task: multilabel` under `data:`, and let the network end with \
                     `linear {columns}`"
                )));
            }
            Task::Class => {
                let mut count = 0;
                for part in parts {
                    for label in &part.labels {
                        match (*label >= 0.0 && label.fract() == 0.0, *label <= LARGEST_LABEL as f64) {
                            (true, true) => count = count.max(*label as usize + 1),
                            (true, false) => {
                                return Err(self.bad(format!("the label {label} is above {LARGEST_LABEL}")));
                            }
                            _ => return Err(self.bad(format!("the label {label} is no number of a class"))),
                        }
                    }
                }
                count
            }
            Task::Multilabel | Task::Regression | Task::Segment => columns,
        };
        let stem = self.path.file_stem().unwrap_or_default().to_string_lossy().to_lowercase();
        let own = NAMES.iter().find(|(flag, names)| {
            let rest = stem.strip_prefix(flag);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('_')) && names.len() == count
        });
        Ok(match own {
            Some((_, names)) if task != Task::Regression => names.iter().map(|name| (*name).to_owned()).collect(),
            _ => (0..count).map(|number| number.to_string()).collect(),
        })
    }

    fn split(&self, part: PartOf, task: Task, classes: &[String]) -> Result<Split, DataError> {
        let PartOf { name, images, labels, columns } = part;
        let targets: Targets = match task {
            Task::Class => {
                let labels: Vec<u32> = labels.iter().map(|label| *label as u32).collect();
                check_labels(&labels, classes.len(), &self.path)?;
                labels.into()
            }
            Task::Multilabel => {
                if let Some(at) = labels.iter().position(|value| *value != 0.0 && *value != 1.0) {
                    let (value, image) = (labels[at], at / columns);
                    return Err(self.bad(format!(
                        "`{name}_labels` has {value} for image {image}, and with `task: multilabel` there are 0 and 1"
                    )));
                }
                let mut sets = LabelSets::default();
                for row in labels.chunks_exact(columns) {
                    let present = (0..).zip(row).filter(|(_, value)| **value == 1.0);
                    sets.push(&present.map(|(label, _)| label).collect::<Vec<u32>>());
                }
                sets.into()
            }
            Task::Regression | Task::Segment => {
                if let Some(at) = labels.iter().position(|value| !value.is_finite()) {
                    let image = at / columns;
                    return Err(self.bad(format!("`{name}_labels` has no finite number for image {image}")));
                }
                let values = labels.iter().map(|value| *value as f32).collect();
                Targets::Numbers(Arc::new(NumberRows { columns, values }))
            }
        };
        Ok(Split::new(Images::Rows(images), targets))
    }
}

/// What the labels of MedMNIST's sets stand for. Source: its package's `info.py`, version 3.0.
#[rustfmt::skip]
const NAMES: [(&str, &[&str]); 12] = [
    ("pathmnist", &["adipose", "background", "debris", "lymphocytes", "mucus", "smooth muscle", "normal colon mucosa",
        "cancer-associated stroma", "colorectal adenocarcinoma epithelium"]),
    ("chestmnist", &["atelectasis", "cardiomegaly", "effusion", "infiltration", "mass", "nodule", "pneumonia",
        "pneumothorax", "consolidation", "edema", "emphysema", "fibrosis", "pleural", "hernia"]),
    ("dermamnist", &["actinic keratoses and intraepithelial carcinoma", "basal cell carcinoma",
        "benign keratosis-like lesions", "dermatofibroma", "melanoma", "melanocytic nevi", "vascular lesions"]),
    ("octmnist", &["choroidal neovascularization", "diabetic macular edema", "drusen", "normal"]),
    ("pneumoniamnist", &["normal", "pneumonia"]),
    ("retinamnist", &["0", "1", "2", "3", "4"]),
    ("breastmnist", &["malignant", "normal, benign"]),
    ("bloodmnist", &["basophil", "eosinophil", "erythroblast",
        "immature granulocytes(myelocytes, metamyelocytes and promyelocytes)", "lymphocyte", "monocyte", "neutrophil",
        "platelet"]),
    ("tissuemnist", &["Collecting Duct, Connecting Tubule", "Distal Convoluted Tubule", "Glomerular endothelial cells",
        "Interstitial endothelial cells", "Leukocytes", "Podocytes", "Proximal Tubule Segments", "Thick Ascending Limb"]),
    ("organamnist", &ORGANS),
    ("organcmnist", &ORGANS),
    ("organsmnist", &ORGANS),
];

#[rustfmt::skip]
const ORGANS: [&str; 11] = [
    "bladder", "femur-left", "femur-right", "heart", "kidney-left", "kidney-right", "liver", "lung-left", "lung-right",
    "pancreas", "spleen",
];
