//! Secrets made of chance, and their hashes.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::error::WebError;

/// Bytes nobody can guess, from the operating system.
pub fn chance<const N: usize>() -> Result<[u8; N], WebError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| WebError::internal(format!("the system gives no randomness: {error}")))?;
    Ok(bytes)
}

/// A secret of 256 bits in 43 characters that need no quoting in addresses and cookies.
pub fn fresh() -> Result<String, WebError> {
    Ok(URL_SAFE_NO_PAD.encode(chance::<32>()?))
}

/// SHA-256 in lower-case hexadecimal: what is kept of a secret. Secrets made here have 256 bits, so no salt is needed.
pub fn hash(secret: &str) -> String {
    digest(secret.as_bytes())
}

/// SHA-256 of bytes in lower-case hexadecimal.
pub fn digest(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// A value that proves that whoever sends it has seen a page made for this secret, and that gives nothing of the secret away.
pub fn csrf_of(secret: &str) -> String {
    hash(&format!("quittance form token\0{secret}"))
}

/// Whether two texts are equal, in a time that does not tell where they differ.
pub fn same(a: &str, b: &str) -> bool {
    use subtle::ConstantTimeEq as _;
    a.as_bytes().ct_eq(b.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_differ_and_their_tokens_tell_nothing() {
        let (a, b) = (fresh().unwrap(), fresh().unwrap());
        assert_ne!(a, b);
        assert_eq!(a.len(), 43);
        assert_ne!(csrf_of(&a), hash(&a), "the token in a page is not the hash in the database");
        assert!(same(&a, &a) && !same(&a, &b) && !same(&a, &a[1..]));
    }
}
