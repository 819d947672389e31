//! `archc data list`

use clap::Args;
use serde_json::json;

use super::count;
use crate::cli::Failure;
use crate::cli::terminal::{self, Format};
use crate::recipe::DataSet;
use crate::train::data::locate;

/// List the data sets that archc knows, and where they are
#[derive(Debug, Args)]
pub struct List {
    /// A table, or JSON for programs, one object per line and set
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

impl List {
    pub fn run(self) -> Result<(), Failure> {
        let mut text = String::new();
        for set in DataSet::ALL {
            let Some(image) = set.image() else { continue };
            let folder = locate(set);
            let classes = set.classes().len();
            let line = match self.format {
                Format::Json => {
                    let object =
                        json!({"set": set.name(), "image": image.dims(), "classes": classes, "folder": folder});
                    object.to_string()
                }
                Format::Text => {
                    let place = match (set, folder) {
                        (DataSet::Digits, _) => "part of the program".to_string(),
                        (_, Some(folder)) => folder.display().to_string(),
                        (_, None) => format!("not here; `archc data fetch {set}` gets it"),
                    };
                    let (image, classes) = (image.to_string(), count(classes, "class"));
                    format!("{:14} {image:8} {classes:12} {place}", set.name())
                }
            };
            text.push_str(&line);
            text.push('\n');
        }
        if self.format == Format::Text {
            text.push_str("folder         any size, a folder for each class: `archc data info FOLDER`\n");
            text.push_str("table          any size, a row for each image: `archc data info labels.csv`\n");
            text.push_str("medmnist       one size, arrays of NumPy: `archc data info pathmnist.npz`\n");
            text.push_str("webdataset     any size, tar archives: `archc data info SHARDS`\n");
        }
        terminal::put(self.format, &text)
    }
}
