//! WebDataset's shards: tar archives in which members with one name up to its first dot are one sample.
//!
//! ```text
//! train-000000.tar    000000.jpg 000000.cls 000001.jpg 000001.cls …      an image, and its class as a number
//! train-000001.tar    …                                                  a sample may have other members too
//! ```
//!
//! Only headers are read here, and classes: images are read in place when it is their turn, so that shuffling is what
//! it is for all sets. Source: <https://github.com/webdataset/webdataset>.

mod shards;

use std::collections::HashMap;
use std::path::Path;

use rayon::prelude::*;

use super::archive::{Entry, Kind, entries, kind};
use super::collection::{Collection, TestImages};
use super::file::ImageFile;
use super::layout::{ENDINGS, Role};
use super::left_out::LeftOut;
use super::split::{Split, hold_out};
use super::{DataError, foreign};
use crate::diagnostic::printable;
use crate::recipe::{Data, Table};

use self::shards::Shard;
pub use self::shards::is_webdataset;

/// The ending of the member that is the class, and how long it is at most.
const CLASS: &str = "cls";
const LONGEST_CLASS: u64 = 64;

/// There are no more classes.
const MOST_CLASSES: u32 = 1 << 16;

/// The samples of a part.
#[derive(Default)]
struct Samples {
    files: Vec<ImageFile>,
    labels: Vec<u32>,
    /// What there is to say about its shards.
    notes: Vec<String>,
}

/// Lists the samples of all shards. Without shards for validation, a fifth of every class is held out, always the same.
pub fn open(data: &Data) -> Result<Collection, DataError> {
    let shards = shards::find(data)?;
    let mut left_out = LeftOut::new(data.bad_images);
    let mut part = |role: Role| Samples::of(&shards, role, &mut left_out);
    let (train, held) = (part(Role::Train)?, part(Role::Validation)?);
    let root = shards::root(data)?;
    if train.files.is_empty() {
        return Err(DataError::malformed(&root, "there is no sample with an image and a class to learn from"));
    }
    let most = train.labels.iter().chain(&held.labels).max().map_or(0, |label| label + 1);
    let classes: Vec<String> = (0..most).map(|class| class.to_string()).collect();
    let notes = train.notes.iter().chain(&held.notes).cloned().collect();
    let count = shards.len();
    let taken_for =
        format!("WebDataset of {}", if count == 1 { "1 shard".to_owned() } else { format!("{count} shards") });
    let split = |files, labels| Split::of_files(files, labels, data.max_pixels);
    let (train, validation) = if held.files.is_empty() {
        let (kept, held) = hold_out(&train.labels, None, Table::USUAL_PART);
        if held.is_empty() {
            return Err(DataError::malformed(&root, "one image a class is too few to hold some out for validation"));
        }
        let [kept, held] = [kept, held].map(|part| {
            let files = part.iter().map(|at| train.files[*at].clone()).collect();
            split(files, part.iter().map(|at| train.labels[*at]).collect::<Vec<u32>>())
        });
        (kept, held)
    } else {
        (split(train.files, train.labels), split(held.files, held.labels))
    };
    let left_out = left_out.list;
    let taken_for = Some(taken_for);
    Ok(Collection { train, validation, test: TestImages::Same, classes, left_out, notes, taken_for })
}

/// The images to test with, and what is left out of them.
pub fn test(data: &Data, classes: &[String]) -> Result<(Split, Vec<DataError>), DataError> {
    let shards = shards::find(data)?;
    let mut left_out = LeftOut::new(data.bad_images);
    let samples = Samples::of(&shards, Role::Test, &mut left_out)?;
    if samples.files.is_empty() {
        let message = "there are no shards for testing: their names, or those of their folders, have the word `test`";
        return Err(DataError::malformed(&shards::root(data)?, message));
    }
    if let Some(at) = samples.labels.iter().position(|label| *label as usize >= classes.len()) {
        let (label, most) = (samples.labels[at], classes.len().saturating_sub(1));
        let message = format!("class {label}, but those of the training images are 0 to {most}");
        return Err(DataError::malformed(samples.files[at].path(), message));
    }
    Ok((Split::of_files(samples.files, samples.labels, data.max_pixels), left_out.list))
}

/// Whether there are shards for testing.
pub fn has_test(data: &Data) -> bool {
    shards::find(data).is_ok_and(|shards| shards.iter().any(|shard| shard.role == Role::Test))
}

impl Samples {
    /// Those of all shards that are for something, shard after shard.
    fn of(shards: &[Shard], role: Role, left_out: &mut LeftOut) -> Result<Samples, DataError> {
        let shards: Vec<&Shard> = shards.iter().filter(|shard| shard.role == role).collect();
        let read: Vec<Read> = shards.par_iter().map(|shard| Read::shard(&shard.path)).collect::<Result<_, _>>()?;
        let mut all = Samples::default();
        for mut read in read {
            read.bad.into_iter().try_for_each(|bad| left_out.add(bad))?;
            all.files.append(&mut read.samples.files);
            all.labels.append(&mut read.samples.labels);
            all.notes.append(&mut read.samples.notes);
        }
        Ok(all)
    }
}

/// What is in a shard.
#[derive(Default)]
struct Read {
    samples: Samples,
    bad: Vec<DataError>,
}

/// Members with one name.
#[derive(Default)]
struct Sample {
    image: Option<ImageFile>,
    class: Option<ImageFile>,
    /// Another image, which makes it unclear which is meant.
    second: bool,
    /// What its only image would be, if it could be decoded.
    refused: Option<String>,
}

impl Read {
    fn shard(path: &Path) -> Result<Read, DataError> {
        match kind(path)? {
            Some(Kind::Tar) => {}
            _ => return Err(DataError::malformed(path, "it is no tar archive, as WebDataset's shards are")),
        }
        let mut order: Vec<String> = Vec::new();
        let mut samples: HashMap<String, Sample> = HashMap::new();
        // The sample of the member before.
        let mut before = String::new();
        let mut divided: Option<(String, usize)> = None;
        for Entry { name, member } in entries(path, Kind::Tar)? {
            let Some((key, ending)) = parts(&name) else { continue };
            match samples.contains_key(key) {
                false => order.push(key.to_owned()),
                true if key != before => divided.get_or_insert_with(|| (key.to_owned(), 0)).1 += 1,
                true => {}
            }
            key.clone_into(&mut before);
            let sample = samples.entry(key.to_owned()).or_default();
            let file = || ImageFile::within(path.join(&name), member);
            match ending.as_str() {
                CLASS => sample.class = Some(file()),
                ending if ENDINGS.contains(&ending) => match &sample.image {
                    Some(_) => sample.second = true,
                    None => sample.image = Some(file()),
                },
                ending => sample.refused = foreign::refused_by_name(ending).or(sample.refused.take()),
            }
        }
        let mut read = Read::default();
        if let Some((key, members)) = divided {
            read.samples.notes.push(format!(
                "{}: the members of the sample `{}` do not lie side by side ({members} such members in all): here they are one \
                 sample, for the package webdataset several",
                path.display(),
                printable(&key)
            ));
        }
        for key in order {
            let Some(sample) = samples.remove(&key) else { continue };
            match sample.checked() {
                Ok((file, label)) => {
                    read.samples.files.push(file);
                    read.samples.labels.push(label);
                }
                Err(what) => read.bad.push(DataError::malformed(&path.join(&key), what)),
            }
        }
        Ok(read)
    }
}

impl Sample {
    /// Its image and class, or what is wrong with it.
    fn checked(self) -> Result<(ImageFile, u32), String> {
        let Some(image) = self.image else {
            return Err(self.refused.unwrap_or_else(|| {
                format!("the sample has no image: no member with one of the endings {}", ENDINGS.join(", "))
            }));
        };
        if self.second {
            return Err("the sample has several images, and a class is of one".to_owned());
        }
        let Some(class) = self.class else {
            return Err(format!("the sample has no class: no member with the ending {CLASS}"));
        };
        let bytes = class.open().and_then(|reading| reading.bytes(LONGEST_CLASS));
        let bytes = bytes.map_err(|error| format!("its class cannot be read: {error}"))?;
        let text = String::from_utf8_lossy(&bytes);
        let label = text.trim().parse::<u32>().ok().filter(|label| *label < MOST_CLASSES);
        let label = label.ok_or_else(|| {
            format!("its class is {:?}, and classes are whole numbers from 0 to {}", text.trim(), MOST_CLASSES - 1)
        })?;
        Ok((image, label))
    }
}

/// The name of a member's sample, and its ending in small letters; `None` if it is of none.
fn parts(name: &str) -> Option<(&str, String)> {
    let name = name.strip_prefix("./").unwrap_or(name);
    let start = name.rfind('/').map_or(0, |slash| slash + 1);
    let base = &name[start..];
    let dot = base.find('.').filter(|dot| *dot > 0)?;
    // What the package itself writes about a shard.
    let is_about = base.starts_with("__") && base.ends_with("__");
    (!is_about).then(|| (&name[..start + dot], base[dot + 1..].to_lowercase()))
}

#[cfg(test)]
mod tests;
