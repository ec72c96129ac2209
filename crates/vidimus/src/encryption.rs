//! Whether a store is encrypted, as the command line says it.

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use ingest::{Encryption, VaultError};
use keys::{Cost, KeyError, Passphrase, PassphraseSource};
use std::path::{Path, PathBuf};

/// Where the root keys of a store are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// There are none: files are as they are, and other programs can read them.
    None,
    /// In the store's folder, behind a passphrase.
    Passphrase,
}

/// How a store is encrypted.
#[derive(Debug, Clone, Default, Args)]
pub struct EncryptionArgs {
    /// Whether the store is encrypted. A new store becomes what is said here and stays so; by default it is as --passphrase-file says.
    #[arg(long, value_name = "KIND", value_enum)]
    pub encryption: Option<Kind>,
    /// File whose first line is the passphrase of an encrypted store; only its owner may read it.
    #[arg(long, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
}

impl EncryptionArgs {
    /// Returns the passphrase; `None` for a store that is not encrypted.
    pub fn passphrase(&self) -> anyhow::Result<Option<Passphrase>> {
        match (self.encryption, &self.passphrase_file) {
            (Some(Kind::None), Some(_)) => bail!("a store without encryption has no passphrase"),
            (Some(Kind::Passphrase), None) => bail!("the passphrase is missing: give --passphrase-file"),
            (_, None) => Ok(None),
            (_, Some(path)) => {
                let passphrase = PassphraseSource::File(path.clone()).get();
                Ok(Some(passphrase.context("cannot read the passphrase")?))
            }
        }
    }

    /// Returns how the store is encrypted.
    pub fn encryption(&self) -> anyhow::Result<Encryption> {
        let passphrase = self.passphrase()?;
        Ok(passphrase
            .map_or(Encryption::None, |passphrase| Encryption::Passphrase { passphrase, cost: Cost::default() }))
    }
}

/// Says why a store cannot be opened, and what to do about it.
pub fn not_opened(data: &Path, error: VaultError) -> anyhow::Error {
    let why = match &error {
        VaultError::Keys(KeyError::OtherMode { found: "encrypted", .. }) => {
            "it is encrypted: give its passphrase with --passphrase-file"
        }
        VaultError::Keys(KeyError::OtherMode { .. } | KeyError::NotEmpty { .. }) => {
            "it is not encrypted, and a store stays what it was made"
        }
        _ => return anyhow::Error::new(error).context(format!("cannot open the store in {}", data.display())),
    };
    anyhow::anyhow!("cannot open the store in {}: {why}", data.display())
}
