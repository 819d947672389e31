//! Classes as somebody else numbers them: a network's logits have an order, and a data set may have its classes in
//! another one, or fewer of them. What belongs together is told by name.

use std::collections::HashMap;

use super::Dataset;
use crate::recipe::{Masks, Task};

impl Dataset {
    /// Numbers the classes as they stand in `names`, which may have more: those have no images here.
    ///
    /// # Errors
    /// The classes that are not among the names; nothing has changed then.
    pub fn number_as(&mut self, names: &[String]) -> Result<(), Vec<String>> {
        if self.data.task == Task::Regression && names.len() != self.classes.len() {
            // There is no number for a column that is missing; whoever trains or judges says so.
            return Ok(());
        }
        if let Some(masks) = &self.data.masks {
            // The pixels of masks are numbers already; names only say what these mean.
            let numbered = self.classes == Masks::numbered(self.classes.len()).classes;
            let differ = |(own, name): &(&String, &String)| own != name;
            let unknown = self.classes.iter().zip(names).filter(differ).map(|(own, _)| own.clone());
            return match masks.classes.len() == names.len() && (numbered || self.classes == names) {
                true => {
                    self.classes = names.to_vec();
                    Ok(())
                }
                false => Err(unknown.collect::<Vec<_>>())
                    .map_err(|some| if some.is_empty() { self.classes.clone() } else { some }),
            };
        }
        let numbers: HashMap<&String, u32> =
            names.iter().enumerate().rev().map(|(number, name)| (name, number as u32)).collect();
        let new: Vec<Option<u32>> = self.classes.iter().map(|class| numbers.get(class).copied()).collect();
        let unknown = self.classes.iter().zip(&new).filter(|(_, new)| new.is_none());
        let unknown: Vec<String> = unknown.map(|(class, _)| class.clone()).collect();
        if !unknown.is_empty() {
            return Err(unknown);
        }
        let new: Vec<u32> = new.into_iter().flatten().collect();
        if new.iter().zip(0..).any(|(new, old)| *new != old) {
            self.train.renumber(&new);
            self.validation.renumber(&new);
        }
        self.classes = names.to_vec();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::ir::Shape;
    use crate::recipe::{Data, DataSet};
    use crate::train::data::Dataset;
    use crate::train::data::tests::photos;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn classes_are_told_by_name() {
        let (_folder, data) = photos("naming", 50);
        assert_eq!(data.set, DataSet::Folder);
        let open = |data: &Data| Dataset::open(data, Shape::map(3, 6, 4), None).expect("twenty images");
        let plain = open(&data);
        assert_eq!(plain.classes(), ["cat", "dog"]);
        for (given, expected) in
            [(&["cat", "dog"][..], [0, 1]), (&["dog", "cat"], [1, 0]), (&["ant", "cat", "cow", "dog", "eel"], [1, 3])]
        {
            let mut dataset = open(&data);
            dataset.number_as(&names(given)).expect("both are there");
            assert_eq!(dataset.classes(), given);
            for (renumbered, before) in [(&dataset.train, &plain.train), (&dataset.validation, &plain.validation)] {
                let labels: Vec<u32> = before.labels().iter().map(|label| expected[*label as usize]).collect();
                assert_eq!(renumbered.labels(), labels, "{given:?}");
            }
            assert_eq!(dataset.checksum() == plain.checksum(), given == ["cat", "dog"], "{given:?}");
        }
        let mut dataset = open(&data);
        assert_eq!(dataset.number_as(&names(&["dog", "Cat"])), Err(names(&["cat"])));
        assert_eq!((dataset.classes(), dataset.checksum()), (&names(&["cat", "dog"])[..], plain.checksum()));
    }
}
