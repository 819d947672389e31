//! `--rename`, `--ema` and `--strict`: what the command line says about a file of weights of another program.

use std::path::Path;

use clap::Args;

use super::terminal;
use crate::diagnostic::printable;
use crate::pattern::Rename;
use crate::regular;
use crate::weights::{Reading, Remark};

/// The longest file of renames, in bytes.
const LONGEST: u64 = 1 << 20;

/// The most renames.
const MOST: usize = 2000;

/// How a file of weights is read.
#[derive(Debug, Default, Args)]
pub struct Names {
    /// Rename arrays of the weights: `--rename 'backbone.*=*'`; can be repeated; `@FILE` has one per line
    #[arg(long, value_name = "PATTERN=NAME", value_parser = parse)]
    rename: Vec<Renames>,
    /// Use the averaged weights that the file keeps beside the others
    #[arg(long)]
    pub ema: bool,
    /// Refuse weights that the network does not have, such as an auxiliary head's
    #[arg(long)]
    strict: bool,
}

/// Those of one argument.
#[derive(Debug, Clone)]
struct Renames(Vec<Rename>);

fn parse(text: &str) -> Result<Renames, String> {
    let Some(file) = text.strip_prefix('@') else { return Ok(Renames(vec![one(text)?])) };
    let text = regular::read_to_string(Path::new(file), LONGEST).map_err(|error| format!("cannot read it: {error}"))?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let renames: Vec<Rename> = lines.map(one).collect::<Result<_, _>>()?;
    match renames.len() > MOST {
        true => Err(format!("it has {} lines; at most {MOST} are read", renames.len())),
        false => Ok(Renames(renames)),
    }
}

fn one(text: &str) -> Result<Rename, String> {
    let (pattern, name) =
        text.split_once('=').ok_or_else(|| format!("`{}` has no `=`; write PATTERN=NAME", printable(text)))?;
    Rename::new(pattern, name).map_err(|why| printable(&why))
}

impl Names {
    /// The first option that is given.
    pub fn given(&self) -> Option<&'static str> {
        let given = [("--rename", !self.rename.is_empty()), ("--ema", self.ema), ("--strict", self.strict)];
        given.into_iter().find(|(_, given)| *given).map(|(name, _)| name)
    }

    /// What was renamed.
    pub fn renames(&self) -> impl Iterator<Item = &Rename> {
        self.rename.iter().flat_map(|renames| &renames.0)
    }

    /// What is asked of a file for a network that takes all of its weights from it.
    pub fn reading(&self) -> Reading {
        Reading {
            averaged: self.ema,
            strict: self.strict,
            renames: self.renames().cloned().collect(),
            ..Reading::default()
        }
    }
}

/// Says what is worth saying about how weights fit.
pub fn say(remarks: &[Remark]) {
    remarks.iter().for_each(|remark| terminal::complain(&remark.to_string()));
}
