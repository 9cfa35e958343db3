//! Secrets sealed for keeping: AES-256-GCM (NIST SP 800-38D) with a fresh nonce of 96 bits each, and a key that is not kept beside them.
//!
//! The key stands in a file of its own, which the first start makes (readable by its owner only), or comes from the environment. A file
//! may hold several keys, one a line: the first seals, the others only open what they sealed before. The name of a key follows from
//! the key, so that a wrong one is told from a damaged secret without trying it.
//!
//! Where a secret stands (table, column, row) is sealed with it as associated data: one that was moved to another row does not open.

use std::fmt;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use aes_gcm::aead::{Aead as _, Generate as _, Payload};
use aes_gcm::{Aes256Gcm, Key as AesKey, KeyInit as _, Nonce};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};

/// Begins every sealed secret: `sealed.1.KEY.NONCE-AND-CIPHERTEXT`, the last in base 64 for URLs.
pub const SEALED: &str = "sealed.1.";

/// Begins every line of a key file that holds a key.
const LINE: &str = "quittance-key-1 ";

/// Bytes of a nonce: 96 bits, drawn for each secret.
const NONCE: usize = 12;

/// The head of a new key file.
const HEAD: &str = "# Seals the secrets in the database of quittance (one-time codes, signing secrets, password hashes).\n\
    # Without it they cannot be read: keep a copy, apart from the copies of the database.\n\
    # The first key seals, the others only open what they sealed.\n";

/// Why a secret could not be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// There is no key.
    #[error(
        "{0} holds no key for the secrets in the database; put the key file of this database there, or start `quittance init` to make one"
    )]
    NoKey(String),
    /// It was sealed with a key that is not at hand.
    #[error(
        "secrets in this database are sealed with key {key}, which is not in {place}; put the key file of this database back there, or name it \
         by `key_file` in the settings or QUITTANCE_KEY_FILE (nothing was changed)"
    )]
    OtherKey {
        /// Name of the key that is missing.
        key: String,
        /// Where keys were looked for.
        place: String,
    },
    /// It is not what was sealed for this place.
    #[error(
        "table {table}, row {row}, column {column}: the secret is not what was sealed for this place; restore it from a backup, or set a new one"
    )]
    Damaged {
        /// Its table.
        table: &'static str,
        /// Its row.
        row: String,
        /// Its column.
        column: &'static str,
    },
    /// It stands readable where secrets are sealed.
    #[error(
        "table {table}, row {row}, column {column}: the secret is not sealed, so it was not this program that put it there; set a new one"
    )]
    Readable {
        /// Its table.
        table: &'static str,
        /// Its row.
        row: String,
        /// Its column.
        column: &'static str,
    },
    /// The key file cannot be used.
    #[error("the key file {file}: {why}")]
    File {
        /// Its path, with the line where one is meant.
        file: String,
        /// What is wrong, and what to do.
        why: String,
    },
    /// The system gave no chance, or the cipher refused.
    #[error("a secret could not be sealed: {0}")]
    System(String),
}

impl SealError {
    /// Whether it says nothing of the secret: the key was not at hand.
    pub fn is_without_key(&self) -> bool {
        matches!(self, Self::NoKey(_) | Self::OtherKey { .. } | Self::File { .. })
    }
}

/// Where a secret stands.
#[derive(Debug, Clone, Copy)]
pub struct Cell<'c> {
    /// Its table.
    pub table: &'static str,
    /// Its column.
    pub column: &'static str,
    /// Key of its row.
    pub row: &'c str,
}

impl Cell<'_> {
    /// No part can hold a NUL: tables and columns are ours, and the databases take no text with one as a key.
    fn associated(self) -> Vec<u8> {
        [SEALED, self.table, self.column, self.row].join("\0").into_bytes()
    }

    fn damaged(self) -> SealError {
        SealError::Damaged { table: self.table, row: self.row.to_owned(), column: self.column }
    }
}

struct Key {
    id: String,
    cipher: Aes256Gcm,
}

impl Key {
    fn of(bytes: &[u8]) -> Option<Self> {
        let bytes: [u8; 32] = bytes.try_into().ok()?;
        let digest = Sha256::new().chain_update(b"quittance key\0").chain_update(bytes).finalize();
        let mut id = hex::encode(digest);
        id.truncate(16);
        Some(Self { id, cipher: Aes256Gcm::new(&AesKey::<Aes256Gcm>::from(bytes)) })
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    File(PathBuf),
    Environment(&'static str),
    Memory,
}

/// Keys secrets are sealed with, and where they come from. Never printed.
pub struct Keys {
    place: Place,
    ring: RwLock<Vec<Arc<Key>>>,
    /// Why the key file could not be read. Whoever asks for nothing secret needs no key.
    unread: Option<String>,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").field("place", &self.place).field("ids", &self.ids()).finish()
    }
}

/// Reads the text of a key file. The error is a line (from 1) and what is wrong with it; it never quotes.
fn parse(text: &str) -> Result<Vec<Arc<Key>>, (usize, &'static str)> {
    let mut ring: Vec<Arc<Key>> = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let key = line.strip_prefix(LINE).ok_or((number + 1, "it does not begin with `quittance-key-1 `"))?;
        let bytes = STANDARD.decode(key.trim()).map_err(|_| (number + 1, "what follows `quittance-key-1 ` is no base 64"))?;
        let key = Key::of(&bytes).ok_or((number + 1, "a key has 32 bytes; this one has another length"))?;
        if !ring.iter().any(|known| known.id == key.id) {
            ring.push(Arc::new(key));
        }
    }
    Ok(ring)
}

/// A line with a new key.
fn fresh_line() -> Result<String, SealError> {
    let key = AesKey::<Aes256Gcm>::try_generate().map_err(|error| SealError::System(error.to_string()))?;
    Ok(format!("{LINE}{}\n", STANDARD.encode(key)))
}

impl Keys {
    /// No key at all: nothing can be sealed or opened.
    pub fn none() -> Self {
        Self { place: Place::Memory, ring: RwLock::default(), unread: None }
    }

    /// A new key that lives as long as this value: for tests and measurements.
    ///
    /// # Errors
    /// [`SealError::System`] where the system gives no chance.
    pub fn in_memory() -> Result<Self, SealError> {
        let ring = parse(&fresh_line()?).map_err(|(_, why)| SealError::System(why.to_owned()))?;
        Ok(Self { place: Place::Memory, ring: RwLock::new(ring), unread: None })
    }

    /// The keys in the value of an environment variable: what a key file holds.
    ///
    /// # Errors
    /// [`SealError::File`] naming the variable where it holds no keys.
    pub fn of_environment(name: &'static str, value: &str) -> Result<Self, SealError> {
        let wrong =
            |why: &str| SealError::File { file: format!("in {name}"), why: format!("{why}; give it the line of a key file") };
        let ring = parse(value).map_err(|(_, why)| wrong(why))?;
        if ring.is_empty() {
            return Err(wrong("it holds no key"));
        }
        Ok(Self { place: Place::Environment(name), ring: RwLock::new(ring), unread: None })
    }

    /// The keys of a file, which need not be there yet. One that is there and cannot be read is refused only where a key is asked for.
    ///
    /// # Errors
    /// [`SealError::File`] where it holds something else than keys.
    pub fn of_file(file: &Path) -> Result<Self, SealError> {
        let (text, unread) = match text_of(file) {
            Ok(text) => (text, None),
            Err(why) => (String::new(), Some(why)),
        };
        Ok(Self { place: Place::File(file.to_owned()), ring: RwLock::new(parse_file(file, &text)?), unread })
    }

    /// Whether a key file is there that could not be read.
    pub fn is_unread(&self) -> bool {
        self.unread.is_some()
    }

    /// The refusal where there is no key at all.
    pub fn none_at_hand(&self) -> SealError {
        match (&self.place, &self.unread) {
            (Place::File(file), Some(why)) => SealError::File { file: file.display().to_string(), why: why.clone() },
            _ => SealError::NoKey(self.place()),
        }
    }

    /// Names of the keys, the one that seals first.
    pub fn ids(&self) -> Vec<String> {
        self.ring().iter().map(|key| key.id.clone()).collect()
    }

    /// Where the keys are, for a sentence.
    pub fn place(&self) -> String {
        match &self.place {
            Place::File(file) => format!("the key file {}", file.display()),
            Place::Environment(name) => format!("the environment's {name}"),
            Place::Memory => "this program's memory".to_owned(),
        }
    }

    /// Whether others than the owner of the key file may read it.
    pub fn is_open_to_others(&self) -> bool {
        use std::os::unix::fs::PermissionsExt as _;
        let Place::File(file) = &self.place else { return false };
        std::fs::metadata(file).is_ok_and(|seen| seen.permissions().mode() & 0o007 != 0)
    }

    fn ring(&self) -> Vec<Arc<Key>> {
        self.ring.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A key by its name. The file is read again where it is not at hand: it may have been changed meanwhile.
    fn key(&self, id: &str) -> Option<Arc<Key>> {
        let at_hand = || self.ring().into_iter().find(|key| key.id == id);
        if let Some(key) = at_hand() {
            return Some(key);
        }
        if let Place::File(file) = &self.place
            && let Ok(ring) = read(file)
            // Another database's file put in this one's place does not take the keys that are held.
            && ring.iter().any(|key| key.id == id)
        {
            *self.ring.write().unwrap_or_else(PoisonError::into_inner) = ring;
        }
        at_hand()
    }

    /// Whether a key is at hand.
    pub fn has(&self, id: &str) -> bool {
        self.key(id).is_some()
    }

    /// The refusal where a key is not at hand.
    pub fn without(&self, id: &str) -> SealError {
        match self.unread {
            Some(_) => self.none_at_hand(),
            None => SealError::OtherKey { key: shown(id), place: self.place() },
        }
    }

    /// Makes the key file with one new key, readable by its owner only; a file that is there stays and is read. `true` when it was made.
    ///
    /// # Errors
    /// [`SealError::File`] where it cannot be made, [`SealError::NoKey`] where keys come from elsewhere and there is none.
    pub fn make(&self) -> Result<bool, SealError> {
        if !self.ring().is_empty() {
            return Ok(false);
        }
        let (Place::File(file), None) = (&self.place, &self.unread) else { return Err(self.none_at_hand()) };
        // A key file that is there without a key in it is somebody's mistake, not ours to write over.
        let made = make(file, &format!("{HEAD}{}", fresh_line()?))?;
        let ring = read(file)?;
        if ring.is_empty() {
            return Err(self.none_at_hand());
        }
        *self.ring.write().unwrap_or_else(PoisonError::into_inner) = ring;
        Ok(made)
    }

    /// Puts a new key before the others of the key file: from now on it seals.
    ///
    /// # Errors
    /// [`SealError::NoKey`] where keys do not come from a file or there is none to change, [`SealError::File`] where it cannot be written.
    pub fn change(&self) -> Result<(), SealError> {
        let Place::File(file) = &self.place else {
            return Err(SealError::File { file: self.place(), why: "only keys in a file can be changed here".to_owned() });
        };
        if self.ring().is_empty() {
            return Err(self.none_at_hand());
        }
        let wrong = |error: std::io::Error| SealError::File { file: file.display().to_string(), why: error.to_string() };
        // Where the name is a link, what it leads to is changed, and the link stays.
        let file = &std::fs::canonicalize(file).map_err(wrong)?;
        // Two who change it at once would each write what they read before, and one of the new keys would be in no file.
        let folder = folder_of(file);
        let lock = std::fs::File::open(folder).map_err(wrong)?;
        lock.lock().map_err(wrong)?;
        let text = std::fs::read_to_string(file).map_err(wrong)?;
        let at = text.find(LINE).unwrap_or(0);
        let (head, keys) = text.split_at(at);
        replace(file, &format!("{head}{}{keys}", fresh_line()?))?;
        *self.ring.write().unwrap_or_else(PoisonError::into_inner) = read(file)?;
        Ok(())
    }

    /// Seals a secret for a place.
    ///
    /// # Errors
    /// [`SealError::NoKey`], or [`SealError::System`] where the system gives no chance.
    pub fn seal(&self, cell: Cell<'_>, secret: &str) -> Result<String, SealError> {
        let key = self.ring().first().cloned().ok_or_else(|| self.none_at_hand())?;
        let nonce = Nonce::try_generate().map_err(|error| SealError::System(error.to_string()))?;
        let payload = Payload { msg: secret.as_bytes(), aad: &cell.associated() };
        let sealed = key.cipher.encrypt(&nonce, payload).map_err(|error| SealError::System(error.to_string()))?;
        let bytes = [nonce.as_slice(), &sealed].concat();
        Ok(format!("{SEALED}{}.{}", key.id, URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// Opens what was sealed for a place.
    ///
    /// # Errors
    /// [`SealError::Readable`], [`SealError::OtherKey`] or [`SealError::Damaged`].
    pub fn open(&self, cell: Cell<'_>, sealed: &str) -> Result<String, SealError> {
        let Some(rest) = sealed.strip_prefix(SEALED) else {
            return Err(SealError::Readable { table: cell.table, row: cell.row.to_owned(), column: cell.column });
        };
        let (id, bytes) = rest.split_once('.').ok_or_else(|| cell.damaged())?;
        let key = self.key(id).ok_or_else(|| self.without(id))?;
        let bytes = URL_SAFE_NO_PAD.decode(bytes).map_err(|_| cell.damaged())?;
        let (nonce, sealed) = bytes.split_at_checked(NONCE).ok_or_else(|| cell.damaged())?;
        let nonce: [u8; NONCE] = nonce.try_into().map_err(|_| cell.damaged())?;
        let payload = Payload { msg: sealed, aad: &cell.associated() };
        let opened = key.cipher.decrypt(&Nonce::from(nonce), payload).map_err(|_| cell.damaged())?;
        String::from_utf8(opened).map_err(|_| cell.damaged())
    }
}

/// Name of the key a secret was sealed with; `None` where it is not sealed.
pub fn key_of(sealed: &str) -> Option<String> {
    sealed.strip_prefix(SEALED).map(|rest| shown(rest.split('.').next().unwrap_or_default()))
}

/// The name of a key as a database holds it, fit for a sentence.
fn shown(id: &str) -> String {
    id.chars().filter(char::is_ascii_alphanumeric).take(16).collect()
}

/// The text of a key file, empty where there is none; the error is why it cannot be read, and what to do.
fn text_of(file: &Path) -> Result<String, String> {
    match std::fs::read_to_string(file) {
        Ok(text) => Ok(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(format!("it cannot be read: {error}; run this as somebody who may read it")),
    }
}

fn parse_file(file: &Path, text: &str) -> Result<Vec<Arc<Key>>, SealError> {
    parse(text).map_err(|(line, why)| SealError::File {
        file: format!("{}, line {line}", file.display()),
        why: format!("{why}; put the file back as it was made, from its copy"),
    })
}

fn read(file: &Path) -> Result<Vec<Arc<Key>>, SealError> {
    let text = text_of(file).map_err(|why| SealError::File { file: file.display().to_string(), why })?;
    parse_file(file, &text)
}

fn folder_of(file: &Path) -> &Path {
    file.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."))
}

fn not_written(file: &Path) -> impl Fn(std::io::Error) -> SealError {
    move |error| SealError::File { file: file.display().to_string(), why: format!("it cannot be written: {error}") }
}

/// The text in a file beside the key file, which is to take its name: readable by its owner only, as the crate makes temporary files with
/// the mode 0600.
fn beside(file: &Path, text: &str) -> Result<tempfile::NamedTempFile, SealError> {
    let mut new = tempfile::NamedTempFile::new_in(folder_of(file)).map_err(not_written(file))?;
    new.write_all(text.as_bytes()).map_err(not_written(file))?;
    Ok(new)
}

/// The name must outlive a power cut before a database depends on it.
fn keep_name(file: &Path) -> Result<(), SealError> {
    std::fs::File::open(folder_of(file)).and_then(|folder| folder.sync_all()).map_err(not_written(file))
}

/// Makes a key file whole or not at all. `false` where one is there, which stays.
fn make(file: &Path, text: &str) -> Result<bool, SealError> {
    let new = beside(file, text)?;
    new.as_file().sync_all().map_err(not_written(file))?;
    match new.persist_noclobber(file) {
        Ok(_) => keep_name(file).map(|()| true),
        Err(error) if error.error.kind() == std::io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(not_written(file)(error.error)),
    }
}

/// Writes a key file anew, whole or not at all. Whose it is and who may read it stays: the service that reads it need not be who changes it.
fn replace(file: &Path, text: &str) -> Result<(), SealError> {
    use std::os::unix::fs::{MetadataExt as _, fchown};
    let seen = std::fs::metadata(file).map_err(not_written(file))?;
    let new = beside(file, text)?;
    let made = new.as_file().metadata().map_err(not_written(file))?;
    if (made.uid(), made.gid()) != (seen.uid(), seen.gid()) {
        fchown(new.as_file(), Some(seen.uid()), Some(seen.gid())).map_err(|error| SealError::File {
            file: file.display().to_string(),
            why: format!(
                "it belongs to another user or group, and cannot be given back to them: {error}; run this as its owner or as root"
            ),
        })?;
    }
    new.as_file().set_permissions(seen.permissions()).map_err(not_written(file))?;
    new.as_file().sync_all().map_err(not_written(file))?;
    new.persist(file).map_err(|error| not_written(file)(error.error))?;
    keep_name(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CELL: Cell<'_> = Cell { table: "secrets", column: "content", row: "ana" };

    #[test]
    fn what_is_sealed_opens_in_its_place_only() {
        let keys = Keys::in_memory().unwrap();
        let sealed = keys.seal(CELL, "whsec_„ä“").unwrap();
        assert!(sealed.starts_with(SEALED) && !sealed.contains("whsec"), "{sealed}");
        assert_eq!(key_of(&sealed), keys.ids().first().cloned());
        assert_ne!(keys.seal(CELL, "whsec_„ä“").unwrap(), sealed, "a nonce is never used twice");
        assert_eq!(keys.open(CELL, &sealed).unwrap(), "whsec_„ä“");
        for moved in [Cell { row: "bo", ..CELL }, Cell { column: "secret", ..CELL }, Cell { table: "webhook_secrets", ..CELL }] {
            assert!(matches!(keys.open(moved, &sealed), Err(SealError::Damaged { .. })), "{moved:?}");
        }
        // Any letter of it changed or lost: refused, and never a panic.
        for at in 0..sealed.len() {
            let mut other = sealed.clone().into_bytes();
            other[at] = if other[at] == b'A' { b'B' } else { b'A' };
            let other = String::from_utf8(other).unwrap();
            assert!(keys.open(CELL, &other).is_err(), "{at}: {other}");
            assert!(keys.open(CELL, &sealed[..at]).is_err(), "{at}");
        }
        assert!(matches!(keys.open(CELL, "{\"password\":null}"), Err(SealError::Readable { .. })));
        let other = Keys::in_memory().unwrap();
        let refused = other.open(CELL, &sealed).unwrap_err();
        assert!(matches!(&refused, SealError::OtherKey { key, .. } if *key == keys.ids()[0]), "{refused}");
        assert!(matches!(Keys::none().seal(CELL, "x"), Err(SealError::NoKey(_))));
        assert!(!format!("{keys:?}").contains(LINE.trim()));
    }

    #[test]
    fn a_key_file_is_made_once_kept_from_others_and_changed() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("quittance.key");
        let keys = Keys::of_file(&file).unwrap();
        assert!(keys.ids().is_empty());
        // Two who start at once get one key.
        let second = Keys::of_file(&file).unwrap();
        assert!(keys.make().unwrap() && !second.make().unwrap());
        assert_eq!(keys.ids(), second.ids());
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(!keys.is_open_to_others());
        let old = keys.seal(CELL, "x").unwrap();
        keys.change().unwrap();
        assert_eq!(keys.ids().len(), 2);
        let new = keys.seal(CELL, "y").unwrap();
        assert_ne!(key_of(&old), key_of(&new));
        assert_eq!(keys.open(CELL, &old).unwrap(), "x", "what the old key sealed still opens");
        // Who started before the change reads the file again.
        assert_eq!(second.open(CELL, &new).unwrap(), "y");
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(keys.is_open_to_others());
    }

    #[test]
    fn a_changed_key_file_stays_whose_it_was_and_where_it_was() {
        use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("kept").join("quittance.key"), folder.path().join("quittance.key"));
        std::fs::create_dir(folder.path().join("kept")).unwrap();
        Keys::of_file(&file).unwrap().make().unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
        // Only the superuser gives a file away.
        let is_given = std::os::unix::fs::chown(&file, Some(4_711), Some(4_712)).is_ok();
        symlink(&file, &link).unwrap();
        let keys = Keys::of_file(&link).unwrap();
        keys.change().unwrap();
        assert_eq!(keys.ids().len(), 2);
        assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
        let seen = std::fs::metadata(&file).unwrap();
        assert_eq!(seen.permissions().mode() & 0o777, 0o640);
        assert!(!is_given || (seen.uid(), seen.gid()) == (4_711, 4_712));
        assert_eq!(Keys::of_file(&file).unwrap().ids(), keys.ids());
    }

    #[test]
    fn a_key_file_that_cannot_be_read_is_refused_where_a_key_is_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("quittance.key");
        std::fs::create_dir(&file).unwrap();
        let keys = Keys::of_file(&file).unwrap();
        let sealed = Keys::in_memory().unwrap().seal(CELL, "x").unwrap();
        for refused in [keys.make().unwrap_err(), keys.change().unwrap_err(), keys.seal(CELL, "x").unwrap_err()] {
            assert!(refused.is_without_key() && refused.to_string().contains("cannot be read"), "{refused}");
        }
        let refused = keys.open(CELL, &sealed).unwrap_err();
        assert!(refused.is_without_key() && refused.to_string().contains("cannot be read"), "{refused}");
    }

    #[test]
    fn another_database_s_key_file_does_not_take_the_keys_that_are_held() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("quittance.key");
        let keys = Keys::of_file(&file).unwrap();
        keys.make().unwrap();
        let sealed = keys.seal(CELL, "x").unwrap();
        std::fs::write(&file, fresh_line().unwrap()).unwrap();
        assert!(!keys.has("0123456789abcdef"));
        assert_eq!(keys.open(CELL, &sealed).unwrap(), "x");
    }

    #[test]
    fn keys_changed_by_many_at_once_are_all_kept() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("quittance.key");
        Keys::of_file(&file).unwrap().make().unwrap();
        let changed: Vec<String> = std::thread::scope(|scope| {
            let one = || {
                let keys = Keys::of_file(&file).unwrap();
                keys.change().unwrap();
                keys.ids().first().cloned().unwrap()
            };
            let all: Vec<_> = (0..8).map(|_| scope.spawn(one)).collect();
            all.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let kept = Keys::of_file(&file).unwrap().ids();
        assert_eq!(kept.len(), 9);
        assert!(changed.iter().all(|id| kept.contains(id)), "{changed:?}\n{kept:?}");
    }

    #[test]
    fn what_is_no_key_file_is_named_and_stays() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("quittance.key");
        let good = fresh_line().unwrap();
        for (text, why) in [
            ("hello\n", "line 1: it does not begin with"),
            ("# a\n\nquittance-key-1 %%%\n", "line 3: what follows"),
            ("quittance-key-1 AAAA\n", "32 bytes"),
            (&format!("{good}{}", &good[..30]), "line 2"),
        ] {
            std::fs::write(&file, text).unwrap();
            let refused = Keys::of_file(&file).unwrap_err().to_string();
            assert!(refused.contains(why) && refused.contains("quittance.key"), "{refused}");
            assert!(!refused.contains(good.trim_start_matches(LINE).trim()), "a refusal never shows a key");
            assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
        }
        // Emptied by mistake: nothing is written over it.
        std::fs::write(&file, "# moved\n").unwrap();
        let keys = Keys::of_file(&file).unwrap();
        assert!(matches!(keys.make(), Err(SealError::NoKey(_))));
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "# moved\n");
        assert!(Keys::of_environment("QUITTANCE_KEY", "").is_err());
        assert!(Keys::of_environment("QUITTANCE_KEY", &good).unwrap().change().is_err());
        let nowhere = Keys::of_file(&folder.path().join("none/quittance.key")).unwrap();
        assert!(nowhere.make().unwrap_err().to_string().contains("cannot be written"));
    }
}
