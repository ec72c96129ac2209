//! Encrypted Parquet files: what opens them, what does not, and what the library leaves open.
#![cfg(feature = "parquet")]

mod common;

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use common::World;
use keys::{KeyError, Purpose, Sealer};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::arrow::{ArrowSchemaConverter, arrow_reader::ArrowReaderMetadata};
use parquet::encryption::encrypt::FileEncryptionProperties;
use parquet::file::metadata::PageIndexPolicy;
use parquet::file::properties::{EnabledStatistics, WriterProperties};

const OBJECT: &str = "contoso/data/SigninLogs/2026-01-02/1.parquet";

fn rows(n_rows: i64) -> RecordBatch {
    let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(0..n_rows));
    let users: ArrayRef =
        Arc::new(StringArray::from_iter_values((0..n_rows).map(|n| format!("user-{}@contoso.com", n % 7))));
    RecordBatch::try_from_iter([("Number", numbers), ("UserPrincipalName", users)]).expect("rows")
}

fn write(rows: &RecordBatch, encryption: Option<Arc<FileEncryptionProperties>>, bloom: bool) -> Vec<u8> {
    let mut builder = WriterProperties::builder()
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_bloom_filter_enabled(bloom)
        .set_max_row_group_row_count(Some(50));
    if let Some(encryption) = encryption {
        builder = builder.with_file_encryption_properties(encryption);
    }
    let mut file = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut file, rows.schema(), Some(builder.build())).expect("a writer");
    writer.write(rows).expect("written");
    writer.close().expect("closed");
    file
}

/// Reads a file as the store does: encrypted or not at all.
fn read(sealer: &Sealer, object: &str, file: &[u8]) -> Result<RecordBatch, String> {
    keys::parquet::check_encrypted(object, file).map_err(|error| error.to_string())?;
    read_unchecked(sealer, object, file)
}

fn read_unchecked(sealer: &Sealer, object: &str, file: &[u8]) -> Result<RecordBatch, String> {
    let text = |error: &dyn std::error::Error| error.to_string();
    let decryption = sealer.parquet_decryption(object).map_err(|error| text(&error))?;
    let options = ArrowReaderOptions::new()
        .with_file_decryption_properties(decryption)
        .with_page_index_policy(PageIndexPolicy::Required);
    let file = bytes(file);
    let reader = ParquetRecordBatchReaderBuilder::try_new_with_options(file, options).map_err(|error| text(&error))?;
    let schema = reader.schema().clone();
    let batches: Result<Vec<RecordBatch>, _> = reader.build().map_err(|error| text(&error))?.collect();
    arrow::compute::concat_batches(&schema, &batches.map_err(|error| text(&error))?).map_err(|error| text(&error))
}

fn bytes(file: &[u8]) -> bytes::Bytes {
    bytes::Bytes::copy_from_slice(file)
}

fn by_column(sealer: &Sealer, object: &str, rows: &RecordBatch) -> Arc<FileEncryptionProperties> {
    let schema = ArrowSchemaConverter::new().convert(&rows.schema()).expect("a schema");
    sealer.parquet_encryption_by_column(object, &schema).expect("keys")
}

#[test]
fn files_come_back_and_show_nothing() {
    let world = World::new(1);
    let open = world.open();
    let sealer = open.store.sealer("contoso").expect("keys");
    let rows = rows(200);
    for encryption in [sealer.parquet_encryption(OBJECT).expect("keys"), by_column(&sealer, OBJECT, &rows)] {
        let file = write(&rows, Some(encryption), false);
        assert_eq!(read(&sealer, OBJECT, &file).expect("rows"), rows);
        for secret in ["contoso.com", "user-3"] {
            assert!(!file.windows(secret.len()).any(|window| window == secret.as_bytes()), "{secret}");
        }
    }
    let plain = write(&rows, None, false);
    assert!(plain.windows(6).any(|window| window == b"user-3"), "and a plain file would show it");
}

#[test]
fn a_file_opens_with_its_keys_at_its_place_only() {
    let world = World::new(1);
    let open = world.open();
    let sealer = open.store.sealer("contoso").expect("keys");
    let rows = rows(200);
    for encryption in [sealer.parquet_encryption(OBJECT).expect("keys"), by_column(&sealer, OBJECT, &rows)] {
        let file = write(&rows, Some(encryption), false);
        assert!(ArrowReaderMetadata::load(&bytes(&file), ArrowReaderOptions::new()).is_err(), "without keys");
        let fabrikam = open.store.sealer("fabrikam").expect("keys");
        assert!(read(&fabrikam, OBJECT, &file).is_err(), "another workspace's keys");
        assert!(read(&sealer, "contoso/data/SigninLogs/2026-01-03/1.parquet", &file).is_err(), "another place");
    }
}

#[test]
fn a_plain_file_is_not_taken_for_an_encrypted_one() {
    let world = World::new(1);
    let open = world.open();
    let sealer = open.store.sealer("contoso").expect("keys");
    let rows = rows(10);
    let file = write(&rows, None, false);
    let error = keys::parquet::check_encrypted(OBJECT, &file);
    assert!(matches!(error, Err(KeyError::NotSealed { .. })));
    // This is why there is that check.
    assert_eq!(read_unchecked(&sealer, OBJECT, &file).expect("the library reads it"), rows);
}

#[test]
fn a_destroyed_epoch_takes_its_files_along() {
    let world = World::new(1);
    let open = world.open();
    let sealer = open.store.sealer("contoso").expect("keys");
    let file = write(&rows(10), Some(sealer.parquet_encryption(OBJECT).expect("keys")), false);
    open.store.new_epoch("contoso", Purpose::Extents).expect("an epoch");
    assert!(read(&sealer, OBJECT, &file).is_ok());
    open.store.destroy_epoch("contoso", Purpose::Extents, 1).expect("destroyed");
    let error = read(&sealer, OBJECT, &file).expect_err("erased");
    assert!(error.contains("epoch 1 of the extents keys of the workspace `contoso` has been destroyed"), "{error}");
}

/// No change gives other rows or a panic. Some change nothing and are not noticed: the first four bytes of the file, the lengths before
/// pages, which the library does not look at, and some that only describe the key. The hash of the file in the log covers these.
#[test]
fn every_flipped_bit_of_a_file_gives_an_error_or_the_same_rows() {
    let world = World::new(1);
    let open = world.open();
    let sealer = open.store.sealer("contoso").expect("keys");
    let rows = rows(20);
    for encryption in [sealer.parquet_encryption(OBJECT).expect("keys"), by_column(&sealer, OBJECT, &rows)] {
        let file = write(&rows, Some(encryption), false);
        let mut n_unnoticed = 0;
        for bit in 0..file.len() * 8 {
            let mut flipped = file.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            if let Ok(found) = read(&sealer, OBJECT, &flipped) {
                assert_eq!(found, rows, "bit {bit}");
                n_unnoticed += 1;
            }
        }
        // Two columns of one page and a dictionary each: 8 lengths, the beginning, and what describes the key.
        let n_max = 8 * 32 + 32 + 96;
        assert!(n_unnoticed <= n_max, "{n_unnoticed} of {} bits", file.len() * 8);
    }
}

/// The library shows keys to whoever prints how a file is to be written: known, and nothing prints it.
#[test]
fn properties_of_encryption_are_not_for_printing() {
    let world = World::new(1);
    let open = world.open();
    let sealer = open.store.sealer("contoso").expect("keys");
    let encryption = sealer.parquet_encryption(OBJECT).expect("keys");
    assert!(format!("{encryption:?}").contains(&format!("{:?}", encryption.footer_key())));
    let decryption = sealer.parquet_decryption(OBJECT).expect("keys");
    assert_eq!(format!("{decryption:?}"), "FileDecryptionProperties { }");
}

/// The library does not encrypt Bloom filters: known, and the reason why none may be written. Whoever changes one hides rows.
#[test]
fn a_bloom_filter_stays_open() {
    let world = World::new(1);
    let open = world.open();
    let sealer = open.store.sealer("contoso").expect("keys");
    let rows = rows(20);
    let encryption = sealer.parquet_encryption(OBJECT).expect("keys");
    let file = write(&rows, Some(encryption), true);
    let decryption = sealer.parquet_decryption(OBJECT).expect("keys");
    let options = ArrowReaderOptions::new().with_file_decryption_properties(decryption);
    let metadata = ArrowReaderMetadata::load(&bytes(&file), options).expect("metadata");
    let column = metadata.metadata().row_group(0).column(1);
    let start = column.bloom_filter_offset().expect("a filter") as usize;
    let end = start + column.bloom_filter_length().expect("its length") as usize;
    let filter = parquet::bloom_filter::Sbbf::from_bytes(&file[start..end]).expect("a filter that needs no key");
    assert!(filter.check(&"user-3@contoso.com") && !filter.check(&"user-8@contoso.com"));
}
