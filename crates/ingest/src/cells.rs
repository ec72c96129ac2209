//! Columns of a batch as the cells that leaves are made of.

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Decimal256Array, Float64Array, Int32Array, Int64Array, StringViewArray,
};
use arrow::datatypes::{Decimal256Type, Float64Type, Int32Type, Int64Type};
use schema::KqlType;
use tlog::record::{Cell, Cells};

/// A column in KQL's physical type.
pub enum ColumnCells<'a> {
    Bool(&'a BooleanArray),
    Int(&'a Int32Array),
    Long(&'a Int64Array),
    Real(&'a Float64Array),
    Decimal(&'a Decimal256Array),
    String(&'a StringViewArray),
    Datetime(&'a Int64Array),
    Timespan(&'a Int64Array),
    Guid(&'a StringViewArray),
    Dynamic(&'a StringViewArray),
}

impl<'a> ColumnCells<'a> {
    /// Takes a column; `None` when it has another physical type.
    pub fn new(array: &'a ArrayRef, ktype: KqlType) -> Option<ColumnCells<'a>> {
        Some(match ktype {
            KqlType::Bool => ColumnCells::Bool(array.as_boolean_opt()?),
            KqlType::Int => ColumnCells::Int(array.as_primitive_opt::<Int32Type>()?),
            KqlType::Long => ColumnCells::Long(array.as_primitive_opt::<Int64Type>()?),
            KqlType::Real => ColumnCells::Real(array.as_primitive_opt::<Float64Type>()?),
            KqlType::Decimal => ColumnCells::Decimal(array.as_primitive_opt::<Decimal256Type>()?),
            KqlType::String => ColumnCells::String(array.as_string_view_opt()?),
            KqlType::Datetime => ColumnCells::Datetime(array.as_primitive_opt::<Int64Type>()?),
            KqlType::Timespan => ColumnCells::Timespan(array.as_primitive_opt::<Int64Type>()?),
            KqlType::Guid => ColumnCells::Guid(array.as_string_view_opt()?),
            KqlType::Dynamic => ColumnCells::Dynamic(array.as_string_view_opt()?),
        })
    }

    fn array(&self) -> &'a dyn Array {
        match self {
            ColumnCells::Bool(array) => *array,
            ColumnCells::Int(array) => *array,
            ColumnCells::Long(array) | ColumnCells::Datetime(array) | ColumnCells::Timespan(array) => *array,
            ColumnCells::Real(array) => *array,
            ColumnCells::Decimal(array) => *array,
            ColumnCells::String(array) | ColumnCells::Guid(array) | ColumnCells::Dynamic(array) => *array,
        }
    }
}

impl Cells for ColumnCells<'_> {
    fn cell(&self, row: usize) -> Cell<'_> {
        let array = self.array();
        if row >= array.len() || array.is_null(row) {
            return Cell::Absent;
        }
        match self {
            ColumnCells::Bool(array) => Cell::Bool(array.value(row)),
            ColumnCells::Int(array) => Cell::Int(array.value(row)),
            ColumnCells::Long(array) => Cell::Long(array.value(row)),
            ColumnCells::Real(array) => Cell::Real(array.value(row)),
            ColumnCells::Decimal(array) => Cell::Decimal(array.value(row).to_be_bytes()),
            ColumnCells::String(array) => Cell::string(array.value(row)),
            ColumnCells::Datetime(array) => Cell::Datetime(array.value(row)),
            ColumnCells::Timespan(array) => Cell::Timespan(array.value(row)),
            // A text that is no guid in its one form cannot be sealed as one: the hasher refuses a string here.
            ColumnCells::Guid(array) => Cell::guid(array.value(row)).unwrap_or_else(|| Cell::string(array.value(row))),
            ColumnCells::Dynamic(array) => Cell::dynamic(array.value(row)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn nulls_and_empty_texts_are_absent() {
        let texts: ArrayRef = Arc::new(StringViewArray::from(vec![Some("a"), Some(""), None]));
        for ktype in [KqlType::String, KqlType::Dynamic] {
            let cells = ColumnCells::new(&texts, ktype).expect("texts");
            assert_eq!((0..4).map(|row| cells.cell(row).is_absent()).collect::<Vec<_>>(), [false, true, true, true]);
        }
        let guids: ArrayRef = Arc::new(StringViewArray::from(vec!["00112233-4455-6677-8899-aabbccddeeff", "no guid"]));
        let cells = ColumnCells::new(&guids, KqlType::Guid).expect("texts");
        assert!(matches!((cells.cell(0), cells.cell(1)), (Cell::Guid(_), Cell::String(_))));
        assert!(ColumnCells::new(&guids, KqlType::Long).is_none());
    }
}
