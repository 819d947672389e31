//! `archc data fetch`

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::cli::fetch::with_bar;
use crate::cli::{Failure, terminal};
use crate::recipe::DataSet;
use crate::train::data::fetch::{Fetched, Order, Patience, fetch};

/// Download and verify a data set; an interrupted download is resumed
#[derive(Debug, Args)]
pub struct Fetch {
    /// The data set
    #[arg(value_name = "SET", value_enum)]
    set: Set,
    /// Another server: a folder with the usual files, or an archive with all of them (.zip, .tar.gz, .tar)
    #[arg(long, value_name = "URL")]
    mirror: Option<String>,
    /// The folder to create for the files [default: $ARCHC_DATA/SET or ~/.cache/archc/SET]
    #[arg(long, value_name = "FOLDER")]
    to: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Set {
    Mnist,
    FashionMnist,
    Cifar10,
    Cifar100,
}

impl Fetch {
    pub fn run(self) -> Result<(), Failure> {
        let set = match self.set {
            Set::Mnist => DataSet::Mnist,
            Set::FashionMnist => DataSet::FashionMnist,
            Set::Cifar10 => DataSet::Cifar10,
            Set::Cifar100 => DataSet::Cifar100,
        };
        let named = self.to.is_some();
        let order = Order { set, mirror: self.mirror, to: self.to, patience: Patience::default() };
        let result = with_bar(|report| fetch(&order, report));
        let (folder, word) = match result.map_err(|error| Failure::Message(error.to_string()))? {
            Fetched::Placed(folder) => (folder, "is in"),
            Fetched::WasThere(folder) => (folder, "is already in"),
        };
        let folder = folder.display();
        let hint = if named { format!("; name it in the file with `path: {folder}`") } else { String::new() };
        terminal::print(&format!("{set} {word} {folder}{hint}\n"))
    }
}
