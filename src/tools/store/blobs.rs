//! Originals as received, kept once under the digest of their bytes, in pieces of 1 MiB.

use std::path::Path;

use quittance_agent::ports::StoreError;
use quittance_rules::cases::InputDigest;
use sha2::{Digest, Sha256};
use tokio::io::AsyncReadExt;

use super::engine::{Kind, Result, Tx, failed};
use super::{Database, sql};

/// Bytes of a piece; what is in memory at a time.
const CHUNK: usize = 1 << 20;

fn unreadable(path: &Path, error: &std::io::Error) -> StoreError {
    StoreError::Unavailable(format!("{} cannot be read: {error}", path.display()))
}

/// Fills the buffer as far as the file goes.
async fn fill(file: &mut tokio::fs::File, buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read(&mut buffer[filled..]).await? {
            0 => break,
            count => filled += count,
        }
    }
    Ok(filled)
}

impl Tx {
    async fn add_chunk(&mut self, digest: &str, number: i64, bytes: &[u8]) -> Result<()> {
        match self {
            Self::Sqlite(tx) => {
                let query = sqlx::query(sql::CHUNK_ADDED).bind(digest).bind(number).bind(bytes);
                query.execute(&mut **tx).await.map_err(failed)?;
            }
            Self::Postgres(tx) => {
                let query = sqlx::query(sql::CHUNK_ADDED).bind(digest).bind(number).bind(bytes);
                query.execute(&mut **tx).await.map_err(failed)?;
            }
        }
        Ok(())
    }

    /// One piece, or `None` after the last.
    pub(super) async fn chunk(&mut self, digest: &str, number: i64) -> Result<Option<Vec<u8>>> {
        match self {
            Self::Sqlite(tx) => {
                let query = sqlx::query_scalar(sql::CHUNK).bind(digest).bind(number);
                query.fetch_optional(&mut **tx).await.map_err(failed)
            }
            Self::Postgres(tx) => {
                let query = sqlx::query_scalar(sql::CHUNK).bind(digest).bind(number);
                query.fetch_optional(&mut **tx).await.map_err(failed)
            }
        }
    }
}

impl Database {
    async fn is_kept(&self, digest: &str) -> Result<bool> {
        Ok(!self.pool.rows(sql::BLOB_SIZE, vec![digest.into()], &[Kind::Int]).await?.is_empty())
    }

    /// The file is read twice: the digest comes first, because the pieces are kept under it.
    pub(super) async fn keep_file_at(&self, path: &Path) -> Result<(InputDigest, u64)> {
        let mut file = tokio::fs::File::open(path).await.map_err(|e| unreadable(path, &e))?;
        let mut buffer = vec![0; CHUNK];
        let (mut hash, mut size) = (Sha256::new(), 0_u64);
        loop {
            let count = fill(&mut file, &mut buffer).await.map_err(|e| unreadable(path, &e))?;
            if count == 0 {
                break;
            }
            hash.update(&buffer[..count]);
            size += count as u64;
        }
        let digest = hex::encode(hash.finalize());
        if self.is_kept(&digest).await? {
            return Ok((InputDigest(digest), size));
        }

        let mut file = tokio::fs::File::open(path).await.map_err(|e| unreadable(path, &e))?;
        let mut tx = self.pool.write().await?;
        if tx.run(sql::BLOB_ADDED, vec![digest.as_str().into(), (size as i64).into()]).await? == 0 {
            return Ok((InputDigest(digest), size));
        }
        let (mut hash, mut number) = (Sha256::new(), 0);
        loop {
            let count = fill(&mut file, &mut buffer).await.map_err(|e| unreadable(path, &e))?;
            if count == 0 {
                break;
            }
            hash.update(&buffer[..count]);
            tx.add_chunk(&digest, number, &buffer[..count]).await?;
            number += 1;
        }
        if hex::encode(hash.finalize()) != digest {
            return Err(StoreError::Unavailable(format!("{} changed while it was being read; bring it again", path.display())));
        }
        tx.commit().await?;
        Ok((InputDigest(digest), size))
    }

    pub(super) async fn keep_bytes_of(&self, bytes: &[u8]) -> Result<InputDigest> {
        let digest = hex::encode(Sha256::digest(bytes));
        if self.is_kept(&digest).await? {
            return Ok(InputDigest(digest));
        }
        let mut tx = self.pool.write().await?;
        if tx.run(sql::BLOB_ADDED, vec![digest.as_str().into(), (bytes.len() as i64).into()]).await? == 1 {
            for (number, chunk) in (0..).zip(bytes.chunks(CHUNK)) {
                tx.add_chunk(&digest, number, chunk).await?;
            }
            tx.commit().await?;
        }
        Ok(InputDigest(digest))
    }

    pub(super) async fn kept_bytes(&self, digest: &InputDigest) -> Result<Option<Vec<u8>>> {
        let mut tx = self.pool.snapshot().await?;
        let found = tx.rows(sql::BLOB_SIZE, vec![digest.0.as_str().into()], &[Kind::Int]).await?;
        let Some(size) = found.first().map(|row| row[0].int()) else { return Ok(None) };
        let mut bytes = Vec::new();
        let mut number = 0;
        while let Some(chunk) = tx.chunk(&digest.0, number).await? {
            bytes.extend_from_slice(&chunk);
            number += 1;
        }
        let whole = i64::try_from(bytes.len()) == Ok(size) && hex::encode(Sha256::digest(&bytes)) == digest.0;
        if !whole {
            return Err(StoreError::BadRow {
                table: "blob_chunks",
                row: digest.0.clone(),
                column: "bytes",
                message: "the kept original does not have its digest any more; run `quittance audit verify`".to_owned(),
            });
        }
        Ok(Some(bytes))
    }
}
