//! What a builder takes and refuses, and that the way in which rows are given makes no difference.

use crate::model::options;
use arrow::array::{
    Array, DictionaryArray, Int32Array, Int64Array, LargeStringArray, NullArray, StringArray, StringViewArray,
};
use arrow::datatypes::{Int8Type, Int32Type};
use bytes::Bytes;
use terms::{IndexBuilder, IndexError, Options, Predicate, Subject, TermIndex, TextKind};

fn built(arrays: &[&dyn Array]) -> Vec<u8> {
    let mut builder = IndexBuilder::new(options()).unwrap();
    builder.column(1, TextKind::String).unwrap();
    arrays.iter().for_each(|array| builder.push(1, *array).unwrap());
    builder.finish(arrays.iter().map(|array| array.len() as u64).sum()).unwrap()
}

#[test]
fn all_arrays_of_texts_give_the_same_index() {
    let rows: Vec<Option<String>> =
        (0..500).map(|row| (row % 11 != 0).then(|| format!("user{} did {}", row % 37, row / 50))).collect();
    let texts: Vec<Option<&str>> = rows.iter().map(Option::as_deref).collect();
    let view = StringViewArray::from_iter(texts.iter().copied());
    let expected = built(&[&view]);
    assert_eq!(built(&[&StringArray::from(texts.clone())]), expected);
    assert_eq!(built(&[&LargeStringArray::from(texts.clone())]), expected);
    assert_eq!(built(&[&texts.iter().copied().collect::<DictionaryArray<Int32Type>>()]), expected);
    assert_eq!(built(&[&view.slice(0, 70), &view.slice(70, 1), &view.slice(71, 429)]), expected);
    let sliced = texts.iter().copied().collect::<DictionaryArray<Int32Type>>();
    assert_eq!(built(&[&sliced.slice(0, 99), &sliced.slice(99, 401)]), expected);
}

#[test]
fn a_dictionary_may_hold_nulls_or_nothing() {
    let values = StringArray::from(vec![None, Some("alpha")]);
    let keys = arrow::array::Int8Array::from(vec![Some(0), None, Some(1)]);
    let dictionary = DictionaryArray::<Int8Type>::new(keys, std::sync::Arc::new(values));
    let expected = built(&[&StringArray::from(vec![None, None, Some("alpha")])]);
    assert_eq!(built(&[&dictionary]), expected);
    let nulls = Int32Array::from(vec![None, None, None]);
    let empty = DictionaryArray::<Int32Type>::new(nulls, std::sync::Arc::new(StringArray::from(Vec::<&str>::new())));
    assert_eq!(built(&[&empty]), built(&[&NullArray::new(3)]));
}

#[test]
fn what_cannot_be_indexed_is_refused() {
    let mut builder = IndexBuilder::new(options()).unwrap();
    builder.column(1, TextKind::String).unwrap();
    assert_eq!(builder.column(1, TextKind::Json), Err(IndexError::ColumnTwice { column: 1 }));
    assert_eq!(builder.push(2, &StringArray::from(vec!["a"])), Err(IndexError::UnknownColumn { column: 2 }));
    let error = builder.push(1, &Int64Array::from(vec![1])).unwrap_err();
    assert_eq!(error.to_string(), "column 1 holds Int64, not text");
    builder.push(1, &StringArray::from(vec!["a"])).unwrap();
    assert_eq!(builder.finish(2), Err(IndexError::Rows { column: 1, found: 1, rows: 2 }));
    for block_rows in [0, 63, 65537] {
        let refused = IndexBuilder::new(Options { block_rows, ..Options::default() }).err();
        assert_eq!(refused, Some(IndexError::BlockRows { block_rows }));
    }
    assert_eq!(IndexBuilder::new(options()).unwrap().finish(u64::MAX), Err(IndexError::TooManyRows { rows: u64::MAX }));
}

#[test]
fn a_column_with_too_many_keys_goes_without() {
    let mut builder = IndexBuilder::new(Options { pairs_max: 100, ..options() }).unwrap();
    builder.column(1, TextKind::String).unwrap();
    builder.column(2, TextKind::String).unwrap();
    let many: Vec<String> = (0..300).map(|row| format!("id{row}")).collect();
    for _ in 0..2 {
        builder.push(1, &StringArray::from_iter_values(&many)).unwrap();
        builder.push(2, &StringArray::from(vec!["same"; 300])).unwrap();
    }
    let index = TermIndex::open(Bytes::from(builder.finish(600).unwrap())).unwrap();
    let columns: Vec<(u16, bool, u32)> = index.columns().map(|c| (c.id, c.indexed, c.n_keys)).collect();
    assert_eq!(columns, [(1, false, 0), (2, true, 1)]);
    assert!(index.blocks(&Subject::value(1).has("absent")).is_all());
    assert!(index.blocks(&Subject::value(2).has("absent")).is_empty());
    let both = Predicate::any([Subject::value(1).has("absent"), Subject::value(2).has("absent")]);
    assert!(index.blocks(&both).is_all());
    let both = Predicate::every([Subject::value(1).has("absent"), Subject::value(2).has("absent")]);
    assert!(index.blocks(&both).is_empty());
}

#[test]
fn the_bytes_of_an_index_never_change() {
    let rows: Vec<String> =
        (0..200).map(|row| format!(r#"{{"who":"user{}","at":"10.1.2.{row}\n"}}"#, row % 5)).collect();
    let mut builder = IndexBuilder::new(options()).unwrap();
    builder.column(1, TextKind::Json).unwrap();
    builder.push(1, &StringArray::from_iter_values(&rows)).unwrap();
    let mut bytes = builder.finish(200).unwrap();
    // The version of Unicode comes with the compiler.
    bytes[10..13].fill(0);
    assert_eq!(format!("{:016x} of {}", xxhash_rust::xxh3::xxh3_64(&bytes), bytes.len()), "77646f4bcc5974ba of 530");
}

#[test]
fn long_terms_are_terms() {
    let long = "x".repeat(100_000);
    let array = StringArray::from(vec![long.as_str(), "y"]);
    let index = TermIndex::open(Bytes::from(built(&[&array]))).unwrap();
    let count = |needle: &str| index.blocks(&Subject::value(1).has(needle)).count();
    assert_eq!((count(&long), count(&long[1..])), (1, 0));
}
