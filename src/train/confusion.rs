//! How often which class was taken for which. Of many classes few are ever confused, so only these counts are kept: ten
//! thousand classes have a hundred million pairs, and a data set only so many images.

use std::fmt;

use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::ser::{SerializeStruct, Serializer};
use serde::{Deserialize, Serialize};

/// Images by class and by what they were taken for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confusion {
    /// For each class, those that it was taken for, in their order, and how often.
    rows: Vec<Vec<(u32, usize)>>,
}

/// The most classes of which a file has the whole matrix, row by row. Of more it has an object with what is not zero:
/// `{"classes": n, "counts": [[class, taken for, images], …]}`.
pub const LARGEST_MATRIX: usize = 1000;

/// The most classes that a file may speak of.
const MOST_CLASSES: usize = 1 << 24;

impl Confusion {
    /// Of no images yet.
    pub fn new(classes: usize) -> Confusion {
        Confusion { rows: vec![Vec::new(); classes] }
    }

    /// How many classes there are.
    pub fn classes(&self) -> usize {
        self.rows.len()
    }

    /// One more image.
    pub fn add(&mut self, class: usize, taken_for: u32) {
        self.count(class, taken_for, 1);
    }

    fn count(&mut self, class: usize, taken_for: u32, images: usize) {
        let row = &mut self.rows[class];
        match row.binary_search_by_key(&taken_for, |(other, _)| *other) {
            Ok(at) => row[at].1 += images,
            Err(at) => row.insert(at, (taken_for, images)),
        }
    }

    /// For each class, those that it was taken for, itself among them, in their order, and how often; none is zero.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[(u32, usize)]> {
        self.rows.iter().map(Vec::as_slice)
    }

    /// How many images of a class there were.
    pub fn images(&self, class: usize) -> usize {
        self.rows[class].iter().map(|(_, count)| count).sum()
    }

    /// How many images of a class were taken for another, or for the same.
    pub fn taken_for(&self, class: usize, other: usize) -> usize {
        self.rows[class].iter().find(|(taken_for, _)| *taken_for as usize == other).map_or(0, |(_, count)| *count)
    }

    /// The row of a class, with zeros.
    pub fn whole_row(&self, class: usize) -> Vec<usize> {
        let mut whole = vec![0; self.rows.len()];
        self.rows[class].iter().for_each(|(other, count)| whole[*other as usize] = *count);
        whole
    }
}

impl Serialize for Confusion {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.classes() <= LARGEST_MATRIX {
            return serializer.collect_seq((0..self.classes()).map(|class| self.whole_row(class)));
        }
        let counts: Vec<(usize, u32, usize)> = self
            .rows()
            .enumerate()
            .flat_map(|(class, row)| row.iter().map(move |(other, count)| (class, *other, *count)))
            .collect();
        let mut object = serializer.serialize_struct("Confusion", 2)?;
        object.serialize_field("classes", &self.classes())?;
        object.serialize_field("counts", &counts)?;
        object.end()
    }
}

impl<'de> Deserialize<'de> for Confusion {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Confusion, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = Confusion;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a matrix, or its counts")
            }

            fn visit_seq<S: SeqAccess<'de>>(self, mut rows: S) -> Result<Confusion, S::Error> {
                let mut confusion = Confusion::new(0);
                while let Some(row) = rows.next_element::<Vec<usize>>()? {
                    let counts = row.into_iter().enumerate().filter(|(_, count)| *count > 0);
                    confusion.rows.push(counts.map(|(other, count)| (other as u32, count)).collect());
                }
                let classes = confusion.classes();
                match confusion.rows.iter().flatten().all(|(other, _)| (*other as usize) < classes) {
                    true => Ok(confusion),
                    false => Err(S::Error::custom("a row is longer than there are rows")),
                }
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Confusion, M::Error> {
                let (mut classes, mut counts) = (0, Vec::<(usize, u32, usize)>::new());
                while let Some(key) = map.next_key::<String>()? {
                    match key.as_str() {
                        "classes" => classes = map.next_value()?,
                        "counts" => counts = map.next_value()?,
                        _ => drop(map.next_value::<serde::de::IgnoredAny>()?),
                    }
                }
                let inside = |(class, other, _): &(usize, u32, usize)| *class < classes && (*other as usize) < classes;
                if classes > MOST_CLASSES || !counts.iter().all(inside) {
                    return Err(M::Error::custom("it speaks of classes that there are not"));
                }
                let mut confusion = Confusion::new(classes);
                counts.into_iter().for_each(|(class, other, count)| confusion.count(class, other, count));
                Ok(confusion)
            }
        }

        deserializer.deserialize_any(Either)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Confusion, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }

    #[test]
    fn few_classes_are_written_as_a_matrix() {
        let mut confusion = Confusion::new(3);
        for (class, taken_for) in [(0, 2), (0, 0), (0, 2), (2, 1)] {
            confusion.add(class, taken_for);
        }
        assert_eq!((confusion.images(0), confusion.images(1), confusion.taken_for(0, 2)), (3, 0, 2));
        let text = serde_json::to_string(&confusion).expect("plain data");
        assert_eq!(text, "[[1,0,2],[0,0,0],[0,1,0]]");
        assert_eq!(read(&text).expect("just written"), confusion);
    }

    #[test]
    fn many_classes_take_what_their_images_take() {
        let mut confusion = Confusion::new(10_000);
        for image in 0..20_000u32 {
            confusion.add(image as usize % 10_000, image * 7 % 10_000);
        }
        let text = serde_json::to_string(&confusion).expect("plain data");
        assert!(
            text.len() < 400_000 && text.starts_with(r#"{"classes":10000,"counts":[[0,0,2],[1,7,2],"#),
            "{}",
            text.len()
        );
        assert_eq!(read(&text).expect("just written"), confusion);
        for classes in [LARGEST_MATRIX, LARGEST_MATRIX + 1] {
            let confusion = Confusion::new(classes);
            let text = serde_json::to_string(&confusion).expect("plain data");
            assert_eq!((text.starts_with('['), read(&text).as_ref()), (classes == LARGEST_MATRIX, Ok(&confusion)));
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        for text in [
            "[[0,1]]",
            r#"{"classes":1,"counts":[[0,1,1]]}"#,
            r#"{"classes":1,"counts":[[1,0,1]]}"#,
            r#"{"classes":99999999999,"counts":[]}"#,
            "3",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
