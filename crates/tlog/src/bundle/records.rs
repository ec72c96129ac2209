//! Records of a batch as they are shown: cells with their salts, digests of what is hidden.

use crate::hash::{hex, hex_bytes};
use crate::record::{
    Cell, CellType, RecordError, Salt, SchemaDoc, Seed, StoredRedaction, cell_digest, cell_text, leaf_of_digests,
    parse_cell,
};
use crate::text::Lines;
use crate::tree::{Subtrees, subset_proof};
use crate::{Hash, TextError};

const HEADER: &str = "vidimus.records.v1";

/// Some or all records of a batch, with the hashes that stand for the others.
#[derive(Debug, Clone, PartialEq)]
pub struct BatchRecords {
    /// By position, ascending; at least one.
    pub rows: Vec<Row>,
    /// The proof of [`subset_proof`].
    pub hashes: Vec<Hash>,
}

/// A record.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The position in the batch.
    pub position: u64,
    /// The record's seed, when it is shown whole and has cells; otherwise every shown cell has its salt.
    pub seed: Option<Seed>,
    /// Cells that are not absent, by column id, ascending.
    pub cells: Vec<RowCell>,
}

/// A cell of a record.
#[derive(Debug, Clone, PartialEq)]
pub enum RowCell {
    /// A value; the salt is there when the record has no seed.
    Shown { column: u16, kind: CellType, salt: Option<Salt>, cell: Cell<'static> },
    /// A value that is not shown, or that was erased: which of both, nobody can tell.
    Hidden { column: u16, digest: Hash },
}

impl RowCell {
    /// Returns the column's id.
    pub fn column(&self) -> u16 {
        match self {
            RowCell::Shown { column, .. } | RowCell::Hidden { column, .. } => *column,
        }
    }
}

impl BatchRecords {
    /// Puts together what a bundle shows of a batch, whose tree is at hand.
    ///
    /// # Errors
    /// When the tree cannot be read.
    pub fn new<S: Subtrees>(tree: &S, count: u64, mut rows: Vec<Row>) -> Result<BatchRecords, S::Error> {
        rows.sort_by_key(|row| row.position);
        let positions: Vec<u64> = rows.iter().map(|row| row.position).collect();
        let hashes = subset_proof(tree, count, &positions)?;
        Ok(BatchRecords { rows, hashes })
    }

    /// Returns the file as it is written.
    pub fn to_text(&self) -> String {
        let mut text = format!("{HEADER}\n");
        for row in &self.rows {
            row.write(&mut text);
        }
        for hash in &self.hashes {
            text.push_str(&format!("hash {hash}\n"));
        }
        text
    }

    /// Reads a file.
    ///
    /// # Errors
    /// When it has another form.
    pub fn parse(bytes: &[u8]) -> Result<BatchRecords, TextError> {
        let mut lines = Lines::new("records", bytes)?;
        lines.expect(HEADER)?;
        let mut rows: Vec<Row> = Vec::new();
        while let Some(position) = lines.next_if("row") {
            let position = lines.as_number(position)?;
            if rows.last().is_some_and(|before| before.position >= position) {
                return Err(lines.error("positions ascend"));
            }
            rows.push(Row::parse(position, &mut lines)?);
        }
        if rows.is_empty() {
            return Err(lines.error("no records"));
        }
        let mut hashes = Vec::new();
        while let Some(hash) = lines.next_if("hash") {
            hashes.push(lines.as_hash(hash)?);
        }
        lines.end()?;
        Ok(BatchRecords { rows, hashes })
    }
}

impl Row {
    /// Shows a record, or those of its columns that may be seen. Cells stand in the order of the schema's columns.
    ///
    /// The seed goes with the record only if nothing is hidden: from it the salts of hidden cells would follow, and with a salt a
    /// value can be guessed.
    ///
    /// # Errors
    /// When there are fewer or more cells than columns.
    pub fn new(
        position: u64,
        schema: &SchemaDoc,
        seed: &Seed,
        cells: &[Cell<'_>],
        is_shown: impl Fn(u16) -> bool,
    ) -> Result<Row, RecordError> {
        let whole = StoredRedaction::new(schema, seed, cells, |_| false)?;
        let mut row = Row::redacted(position, schema, &whole, cells, is_shown)?;
        let is_whole = row.cells.iter().all(|cell| matches!(cell, RowCell::Shown { .. }));
        if is_whole && !row.cells.is_empty() {
            row.seed = Some(*seed);
            for cell in &mut row.cells {
                if let RowCell::Shown { salt, .. } = cell {
                    *salt = None;
                }
            }
        }
        Ok(row)
    }

    /// Shows a record of which cells were erased: these are absent among the cells.
    ///
    /// # Errors
    /// When there are fewer or more cells than columns.
    pub fn redacted(
        position: u64,
        schema: &SchemaDoc,
        stored: &StoredRedaction,
        cells: &[Cell<'_>],
        is_shown: impl Fn(u16) -> bool,
    ) -> Result<Row, RecordError> {
        if cells.len() != schema.columns.len() {
            return Err(RecordError::Count { expected: schema.columns.len(), found: cells.len() });
        }
        let erased = stored.digests.iter().map(|(column, digest)| RowCell::Hidden { column: *column, digest: *digest });
        let mut row = Row { position, seed: None, cells: erased.collect() };
        for (column, cell) in schema.columns.iter().zip(cells) {
            let salt = stored.salts.iter().find(|(id, _)| *id == column.id).map(|(_, salt)| *salt);
            let Some((salt, digest)) = salt.and_then(|salt| Some((salt, cell_digest(&salt, column.id, cell)?))) else {
                continue;
            };
            row.cells.push(if is_shown(column.id) {
                let cell = cell.clone().into_owned();
                RowCell::Shown { column: column.id, kind: column.kind, salt: Some(salt), cell }
            } else {
                RowCell::Hidden { column: column.id, digest }
            });
        }
        row.cells.sort_by_key(RowCell::column);
        Ok(row)
    }

    /// Returns the record's leaf hash; `None` if a shown cell has no salt.
    pub fn leaf(&self, schema_id: u32) -> Option<Hash> {
        let digest = |row_cell: &RowCell| match row_cell {
            RowCell::Hidden { column, digest } => Some((*column, *digest)),
            RowCell::Shown { column, salt, cell, .. } => {
                let salt = salt.or_else(|| self.seed.map(|seed| seed.salt(*column)))?;
                Some((*column, cell_digest(&salt, *column, cell)?))
            }
        };
        let digests: Option<Vec<(u16, Hash)>> = self.cells.iter().map(digest).collect();
        Some(leaf_of_digests(schema_id, &digests?))
    }

    fn write(&self, text: &mut String) {
        text.push_str(&format!("row {}\n", self.position));
        if let Some(seed) = self.seed {
            text.push_str(&format!("seed {}\n", seed.to_hex()));
        }
        for cell in &self.cells {
            text.push_str(&match cell {
                RowCell::Hidden { column, digest } => format!("hidden {column} {digest}\n"),
                RowCell::Shown { column, kind, salt: None, cell } => {
                    format!("cell {column} {} {}\n", kind.word(), cell_text(cell))
                }
                RowCell::Shown { column, kind, salt: Some(salt), cell } => {
                    format!("cell {column} {} {} {}\n", kind.word(), hex(salt), cell_text(cell))
                }
            });
        }
    }

    fn parse(position: u64, lines: &mut Lines<'_>) -> Result<Row, TextError> {
        let seed = match lines.next_if("seed") {
            Some(seed) => Some(Seed::from_hex(seed).ok_or_else(|| lines.error("not a seed"))?),
            None => None,
        };
        let mut cells: Vec<RowCell> = Vec::new();
        loop {
            let cell = if let Some(cell) = lines.next_if("cell") {
                parse_shown(cell, seed.is_some(), lines)?
            } else if let Some(cell) = lines.next_if("hidden") {
                let (column, digest) = cell.split_once(' ').ok_or_else(|| lines.error("no digest"))?;
                RowCell::Hidden { column: parse_column(column, lines)?, digest: lines.as_hash(digest)? }
            } else {
                break;
            };
            if cells.last().is_some_and(|before| before.column() >= cell.column()) {
                return Err(lines.error("column ids ascend"));
            }
            cells.push(cell);
        }
        let is_whole = cells.iter().all(|cell| matches!(cell, RowCell::Shown { .. }));
        if seed.is_some() && (!is_whole || cells.is_empty()) {
            return Err(lines.error("a seed belongs to a record that is shown whole"));
        }
        Ok(Row { position, seed, cells })
    }
}

fn parse_column(text: &str, lines: &Lines<'_>) -> Result<u16, TextError> {
    let id = lines.as_number(text)?;
    u16::try_from(id).map_err(|_| lines.error("not a column's id"))
}

fn parse_shown(text: &str, has_seed: bool, lines: &Lines<'_>) -> Result<RowCell, TextError> {
    let no_cell = || lines.error("a cell has a column, a type and a value");
    let (column, rest) = text.split_once(' ').ok_or_else(no_cell)?;
    let (kind, rest) = rest.split_once(' ').ok_or_else(no_cell)?;
    let kind = CellType::parse(kind).ok_or_else(|| lines.error("unknown type"))?;
    let (salt, value) = if has_seed {
        (None, rest)
    } else {
        let (salt, value) = rest.split_once(' ').ok_or_else(no_cell)?;
        (Some(hex_bytes(salt).ok_or_else(|| lines.error("not a salt"))?), value)
    };
    let cell = parse_cell(kind, value).ok_or_else(|| lines.error(format!("not a {}", kind.word())))?;
    Ok(RowCell::Shown { column: parse_column(column, lines)?, kind, salt, cell })
}
