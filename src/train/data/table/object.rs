//! An object of JSON lines, in which every name stands once.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::{Map, Value};

/// What is in braces.
pub struct Object(pub Map<String, Value>);

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Object, D::Error> {
        deserializer.deserialize_map(Fields)
    }
}

struct Fields;

impl<'de> Visitor<'de> for Fields {
    type Value = Object;

    fn expecting(&self, to: &mut fmt::Formatter) -> fmt::Result {
        to.write_str("an object such as {\"image\": …, \"label\": …}")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut fields: M) -> Result<Object, M::Error> {
        let mut object = Map::new();
        while let Some((name, value)) = fields.next_entry::<String, Value>()? {
            if object.contains_key(&name) {
                return Err(M::Error::custom(format_args!("`{name}` stands in it twice")));
            }
            object.insert(name, value);
        }
        Ok(Object(object))
    }
}
