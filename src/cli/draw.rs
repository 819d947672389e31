//! `archc draw FILE`

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::source::SourceArguments;
use super::{Failure, picture, terminal};
use crate::draw::{Width, dot, fold, mermaid, place, svg};

/// Draw a network: its layers and blocks as boxes, and the shapes of what flows between them
#[derive(Debug, Args)]
#[command(after_help = crate::cli::examples::DRAW)]
pub struct Draw {
    #[command(flatten)]
    source: SourceArguments,
    /// Words of a name that are told apart: with 1, `layer1.0.conv1` is in the box `layer1`; as many as are readable
    /// unless given
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    depth: Option<u32>,
    /// What the width of a box says, in SVG [default: channels]
    #[arg(long, value_name = "WHAT", value_enum)]
    width: Option<Measure>,
    /// What to write; as the name after `--out` ends, or else SVG
    #[arg(long, value_name = "FORMAT", value_enum)]
    format: Option<Format>,
    /// The file to write; printed unless given
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write over a file that is there
    #[arg(long, requires = "out")]
    force: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Measure {
    /// Channels of what a layer makes
    Channels,
    /// Multiply–accumulates
    Cost,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A picture
    Svg,
    /// For Graphviz
    Dot,
    /// For Markdown
    Mermaid,
}

impl Format {
    /// As the name of a file says.
    fn of(path: &Path) -> Option<Format> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "svg" => Some(Format::Svg),
            "dot" | "gv" => Some(Format::Dot),
            "mmd" | "mermaid" => Some(Format::Mermaid),
            _ => None,
        }
    }
}

impl Draw {
    pub fn run(self) -> Result<(), Failure> {
        let format = match (self.format, &self.out) {
            (Some(format), _) => format,
            (None, None) => Format::Svg,
            (None, Some(path)) => Format::of(path).ok_or_else(|| {
                Failure::Message(format!(
                    "`{}` does not say what to draw: let its name end in .svg, .dot or .mmd, or add `--format`",
                    path.display()
                ))
            })?,
        };
        if self.width.is_some() && format != Format::Svg {
            return Err(Failure::Message(
                "`--width` is for SVG, and others draw all boxes alike: leave it out".to_owned(),
            ));
        }
        if let Some(path) = &self.out {
            picture::free(path, self.force, std::slice::from_ref(&self.source.path))?;
        }
        let network = self.source.compile()?.network;
        let drawing = fold(&network, self.depth.map(|depth| depth as usize));
        let width = match self.width {
            Some(Measure::Cost) => Width::Cost,
            Some(Measure::Channels) | None => Width::Channels,
        };
        let text = match format {
            Format::Dot => dot(&drawing, &network.name),
            Format::Mermaid => mermaid(&drawing),
            Format::Svg => {
                let placed = place(&drawing, width).map_err(|error| {
                    let fewest = || fold(&network, Some(1)).boxes.len();
                    let advice = match fewest() < drawing.boxes.len() {
                        true => format!("fold `{}` with a smaller `--depth`, or take `--format dot`", network.name),
                        false => "take `--format dot`".to_owned(),
                    };
                    Failure::Message(format!("{error}: {advice}"))
                })?;
                svg(&drawing, &placed, &network.name)
            }
        };
        match &self.out {
            Some(path) => picture::save(path, self.force, text.as_bytes()),
            None => terminal::data(&text),
        }
    }
}
