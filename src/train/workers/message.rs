//! What processes of a run tell each other, as bytes: numbers of 8 bytes, lists with their lengths before them, all
//! little-endian. Both sides are the same program.

/// Adds a list of numbers in single precision.
pub fn put_reals(message: &mut Vec<u8>, values: &[f32]) {
    message.extend((values.len() as u64).to_le_bytes());
    message.reserve(size_of_val(values));
    values.iter().for_each(|value| message.extend(value.to_le_bytes()));
}

/// Adds a list of whole numbers.
pub fn put_numbers(message: &mut Vec<u8>, values: impl ExactSizeIterator<Item = u64>) {
    message.extend((values.len() as u64).to_le_bytes());
    values.for_each(|value| message.extend(value.to_le_bytes()));
}

/// Adds a text.
pub fn put_text(message: &mut Vec<u8>, text: &str) {
    message.extend((text.len() as u64).to_le_bytes());
    message.extend(text.as_bytes());
}

/// Adds a list of texts.
pub fn put_texts(message: &mut Vec<u8>, texts: &[String]) {
    message.extend((texts.len() as u64).to_le_bytes());
    texts.iter().for_each(|text| put_text(message, text));
}

/// Reads a message from its beginning; `None` where it is over too soon.
#[derive(Debug)]
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// Of a whole message.
    pub fn new(message: &'a [u8]) -> Reader<'a> {
        Reader(message)
    }

    /// So many bytes.
    pub fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(bytes)
    }

    /// A whole number.
    pub fn number(&mut self) -> Option<u64> {
        let (bytes, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u64::from_le_bytes(*bytes))
    }

    /// A number in double precision.
    pub fn real(&mut self) -> Option<f64> {
        Some(f64::from_bits(self.number()?))
    }

    /// The bytes of a list whose items have `size` each.
    fn list(&mut self, size: usize) -> Option<&'a [u8]> {
        let count = usize::try_from(self.number()?).ok()?;
        self.bytes(count.checked_mul(size)?)
    }

    /// What [`put_reals`] added.
    pub fn reals(&mut self) -> Option<Vec<f32>> {
        Some(self.list(4)?.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
    }

    /// What [`put_numbers`] added.
    pub fn numbers(&mut self) -> Option<Vec<u64>> {
        Some(self.list(8)?.as_chunks().0.iter().map(|bytes| u64::from_le_bytes(*bytes)).collect())
    }

    /// What [`put_text`] added.
    pub fn text(&mut self) -> Option<String> {
        Some(String::from_utf8_lossy(self.list(1)?).into_owned())
    }

    /// What [`put_texts`] added.
    pub fn texts(&mut self) -> Option<Vec<String>> {
        (0..self.number()?).map(|_| self.text()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let texts = ["".to_owned(), "größer".to_owned()];
        let mut message = Vec::new();
        put_reals(&mut message, &[1.5, f32::MIN_POSITIVE]);
        put_numbers(&mut message, [u64::MAX, 0].into_iter());
        put_texts(&mut message, &texts);
        message.extend(0.1f64.to_le_bytes());
        let read = |message: &[u8]| {
            let mut reader = Reader::new(message);
            Some((reader.reals()?, reader.numbers()?, reader.texts()?, reader.real()?))
        };
        let expected = (vec![1.5, f32::MIN_POSITIVE], vec![u64::MAX, 0], texts.to_vec(), 0.1);
        assert_eq!(read(&message), Some(expected));
        for length in 0..message.len() {
            assert_eq!(read(&message[..length]), None, "{length} bytes");
        }
        assert_eq!(Reader::new(&[255; 16]).reals(), None, "longer than anything");
    }
}
