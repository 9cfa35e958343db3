//! Passwords: length over composition, nothing that everybody uses, Argon2id.
//!
//! Parameters: 19 MiB, 2 passes, 1 lane, the first choice of OWASP's Password Storage Cheat Sheet and the crate's default.

use std::collections::HashSet;
use std::sync::LazyLock;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use quittance_rules::users::UserId;

use crate::error::WebError;
use crate::secret;

/// Fewest characters.
pub const SHORTEST: usize = 12;
/// Most characters; more would only cost time.
pub const LONGEST: usize = 256;

/// Why a password is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weak {
    /// Under [`SHORTEST`] characters.
    Short,
    /// Over [`LONGEST`] characters.
    Long,
    /// Made of words and runs that are in every list of stolen passwords.
    Common,
    /// The login name or the name of the program with little besides.
    Name,
}

impl Weak {
    /// Key of the sentence for people.
    pub fn text(self) -> &'static str {
        match self {
            Self::Short => "password-short",
            Self::Long => "password-long",
            Self::Common => "password-common",
            Self::Name => "password-name",
        }
    }
}

/// Words, names and key runs that lead the published lists of stolen passwords; long passwords made of them are guessed first.
static COMMON: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
    include_str!("common-passwords.txt")
        .lines()
        .map(str::trim)
        .filter(|word| !word.is_empty() && !word.starts_with('#'))
        .collect()
});

/// Refuses what is too short or what everybody would guess.
pub fn check(password: &str, user: &UserId) -> Result<(), Weak> {
    let count = password.chars().count();
    if count < SHORTEST {
        return Err(Weak::Short);
    }
    if count > LONGEST {
        return Err(Weak::Long);
    }
    let folded = folded(password);
    let name = folded_letters(user.as_str().split('@').next().unwrap_or_default());
    for (words, weak) in [(Vec::new(), Weak::Common), (vec![name.as_str(), "quittance"], Weak::Name)] {
        if own_characters(&folded, &words) < 4 {
            return Err(weak);
        }
    }
    Ok(())
}

/// Lower case, with the usual stand-ins read as letters, so that `P@ssw0rd` is `password`.
fn folded(text: &str) -> Vec<char> {
    text.chars().flat_map(char::to_lowercase).filter(|c| !c.is_whitespace()).collect()
}

fn folded_letters(text: &str) -> String {
    folded(text).into_iter().map(letter).collect()
}

fn letter(c: char) -> char {
    match c {
        '0' => 'o',
        '1' | '!' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        other => other,
    }
}

/// How many characters a password has that are not part of a common word, of a run (`abcd`, `4321`), of a repetition, of a year or of
/// punctuation at its end. The cheapest reading counts, as it would for who guesses.
fn own_characters(text: &[char], more: &[&str]) -> usize {
    let read: Vec<char> = text.iter().map(|c| letter(*c)).collect();
    let is_word = |from: usize, to: usize| {
        let plain: String = text[from..to].iter().collect();
        let read: String = read[from..to].iter().collect();
        COMMON.contains(plain.as_str())
            || COMMON.contains(read.as_str())
            || more.contains(&read.as_str())
            || more.contains(&plain.as_str())
    };
    // cost[at]: own characters of the first `at`.
    let mut cost = vec![0_usize; text.len() + 1];
    for to in 1..=text.len() {
        cost[to] = cost[to - 1] + usize::from(!text[to - 1].is_ascii_punctuation());
        for from in (0..to).rev() {
            let length = to - from;
            let is_free = (length >= 3 && (is_run(&text[from..to]) || (length <= 24 && is_word(from, to))))
                || (length <= 4 && text[from..to].iter().all(char::is_ascii_digit) && (to == text.len() || from == 0))
                || (length <= from && length >= 2 && text[from..to] == text[from - length..from]);
            if is_free {
                cost[to] = cost[to].min(cost[from]);
            }
        }
    }
    cost[text.len()]
}

/// `aaaa`, `abcd`, `9876`.
fn is_run(text: &[char]) -> bool {
    let steps: Vec<i64> = text.windows(2).map(|pair| i64::from(u32::from(pair[1])) - i64::from(u32::from(pair[0]))).collect();
    steps.first().is_some_and(|first| (-1..=1).contains(first) && steps.iter().all(|step| step == first))
}

/// The hash of a password as a PHC string; takes tens of milliseconds, away from the threads that answer.
pub async fn hash(password: &str) -> Result<String, WebError> {
    let (password, salt) = (password.to_owned(), secret::chance::<16>()?);
    run(move || {
        let hash = Argon2::default().hash_password_with_salt(password.as_bytes(), &salt).map_err(WebError::internal)?;
        Ok(hash.to_string())
    })
    .await
}

/// Whether the password has this hash. With no hash (nobody of that name, no password set) a hash is computed all the same, so that the
/// time tells nothing.
pub async fn verify(password: &str, hash: Option<&str>) -> Result<bool, WebError> {
    if password.chars().count() > LONGEST {
        return Ok(false);
    }
    let (password, hash) = (password.to_owned(), hash.map(str::to_owned));
    run(move || match hash {
        Some(hash) => {
            let parsed =
                PasswordHash::new(&hash).map_err(|error| WebError::internal(format!("a kept password hash: {error}")))?;
            Ok(Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok())
        }
        None => {
            // The answer is "no" whatever comes of it.
            let _ = Argon2::default().hash_password_with_salt(password.as_bytes(), &[0; 16]);
            Ok(false)
        }
    })
    .await
}

async fn run<T: Send + 'static>(work: impl FnOnce() -> Result<T, WebError> + Send + 'static) -> Result<T, WebError> {
    tokio::task::spawn_blocking(work).await.map_err(WebError::internal)?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_everybody_uses_is_refused() {
        let user = UserId::parse("ana.lopez@example.com").unwrap();
        for (password, wanted) in [
            ("short", Err(Weak::Short)),
            ("elevenchars", Err(Weak::Short)),
            ("passwordpassword", Err(Weak::Common)),
            ("Password1234!", Err(Weak::Common)),
            ("P@ssw0rd2026!!", Err(Weak::Common)),
            ("qwertyuiop123", Err(Weak::Common)),
            ("aaaaaaaaaaaaaaaa", Err(Weak::Common)),
            ("123456789012345", Err(Weak::Common)),
            ("abcabcabcabcabc", Err(Weak::Common)),
            ("ana.lopez12345", Err(Weak::Common)),
            ("Quittance2026!", Err(Weak::Name)),
            ("correct horse battery staple", Ok(())),
            ("vuelo tranquilo bajo lluvia", Ok(())),
            ("Xk2v9-mq0Rt4z", Ok(())),
            (&"x".repeat(300), Err(Weak::Long)),
        ] {
            assert_eq!(check(password, &user), wanted, "{password}");
        }
    }

    #[tokio::test]
    async fn a_hash_knows_its_password_and_no_other() {
        let hash = hash("correct horse battery staple").await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(verify("correct horse battery staple", Some(&hash)).await.unwrap());
        assert!(!verify("correct horse battery stapler", Some(&hash)).await.unwrap());
        assert!(!verify("correct horse battery staple", None).await.unwrap());
        assert!(verify("x", Some("no hash")).await.is_err());
    }
}
