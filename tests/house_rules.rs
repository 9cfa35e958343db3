//! Walls that crates cannot keep: SQL has one home, money has no floats, no file is dead, nothing is switched off.

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn rust_files(folder: &str) -> Vec<PathBuf> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let path = entry.expect("a readable folder").path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    walk(&root().join(folder), &mut found);
    found.sort();
    assert!(!found.is_empty(), "no Rust files under {folder}");
    found
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Lines of code without comments, with their number.
fn code_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    (1..).zip(text.lines()).filter(|(_, line)| !line.trim_start().starts_with("//"))
}

fn offences(files: &[PathBuf], is_offence: impl Fn(&Path, &str) -> bool) -> Vec<String> {
    files
        .iter()
        .flat_map(|path| {
            let text = read(path);
            code_lines(&text)
                .filter(|(_, line)| is_offence(path, line))
                .map(|(number, line)| format!("{}:{number}: {}", path.display(), line.trim()))
                .collect::<Vec<_>>()
        })
        .collect()
}

#[test]
fn sql_has_one_home() {
    let home = root().join("src/tools/store");
    let files: Vec<PathBuf> = rust_files("src").into_iter().filter(|path| !path.starts_with(&home)).collect();
    let found = offences(&files, |_, line| {
        line.contains("sqlx::") || ["\"SELECT ", "\"INSERT ", "\"UPDATE ", "\"DELETE "].iter().any(|word| line.contains(word))
    });
    assert!(found.is_empty(), "SQL outside src/tools/store:\n{}", found.join("\n"));
    assert!(rust_files("src/tools/store").iter().any(|path| read(path).contains("SELECT")), "the search would find it");
}

#[test]
fn the_rules_have_no_clock_no_chance_and_no_world() {
    let found = offences(&rust_files("src/rules"), |_, line| {
        ["std::fs", "std::net", "std::env", "std::process", "SystemTime", "Instant", "::now()", "rand::", "tokio", "async fn"]
            .iter()
            .any(|word| line.contains(word))
    });
    assert!(found.is_empty(), "the rules reach out:\n{}", found.join("\n"));
}

#[test]
fn money_has_no_floats() {
    // Probabilities are floats, in the matcher only; money never is.
    let matching = root().join("src/rules/matching");
    let files: Vec<PathBuf> = rust_files("src/rules").into_iter().filter(|path| !path.starts_with(&matching)).collect();
    let is_float = |word: &str| word == "f32" || word == "f64";
    let found = offences(&files, |_, line| line.split(|c: char| !c.is_alphanumeric() && c != '_').any(is_float));
    assert!(found.is_empty(), "floats in the rules:\n{}", found.join("\n"));
    let found = offences(&rust_files("src/rules/matching"), |_, line| {
        line.contains("minor") && (line.contains("as f64") || line.contains("as f32")) && line.contains("Money::new")
    });
    assert!(found.is_empty(), "money made from a float:\n{}", found.join("\n"));
}

#[test]
fn no_file_is_dead() {
    for path in rust_files("src") {
        let stem = path.file_stem().and_then(|stem| stem.to_str()).expect("plain names").to_owned();
        let folder = path.parent().expect("inside a folder");
        if ["lib", "main", "mod"].contains(&stem.as_str()) || folder.ends_with("tests") || folder.ends_with("examples") {
            continue;
        }
        // Helpers that several tests share are named by `#[path = "…"]` from where the tests are.
        if is_named_by_path(&path) {
            continue;
        }
        let parents = [folder.join("mod.rs"), folder.join("lib.rs"), folder.join("main.rs"), folder.with_extension("rs")];
        let declared = parents.iter().filter(|parent| parent.is_file()).any(|parent| {
            let text = read(parent);
            code_lines(&text).any(|(_, line)| {
                let line = line.trim().trim_end_matches(';');
                line.strip_suffix(&stem).is_some_and(|rest| rest.ends_with("mod "))
            })
        });
        assert!(declared, "{} is declared nowhere", path.display());
    }
}

/// Whether a file one or two folders up names this one with `#[path = "…"] mod …`.
fn is_named_by_path(path: &Path) -> bool {
    let folders = path.ancestors().skip(2).take(2);
    folders.into_iter().any(|folder| {
        let Ok(name) = path.strip_prefix(folder) else { return false };
        let attribute = format!("#[path = \"{}\"]", name.display());
        let files = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
        files.filter(|file| file.extension().is_some_and(|e| e == "rs")).any(|file| {
            let text = read(&file);
            code_lines(&text).any(|(_, line)| line.trim() == attribute)
        })
    })
}

#[test]
fn nothing_is_switched_off() {
    let mut files = rust_files("src");
    files.extend(rust_files("tests"));
    let words = [concat!("#[ig", "nore"), concat!("to", "do!("), concat!("unimple", "mented!("), concat!("assert!(", "true)")];
    let found = offences(&files, |_, line| words.iter().any(|word| line.contains(word)));
    assert!(found.is_empty(), "switched off or unfinished:\n{}", found.join("\n"));
}

#[test]
fn migrations_have_the_same_numbers() {
    let numbers = |folder: &str| {
        let mut found: Vec<String> = fs::read_dir(root().join("migrations").join(folder))
            .expect("the folder is part of the project")
            .map(|entry| entry.expect("readable").file_name().to_string_lossy().split('_').next().unwrap_or_default().to_owned())
            .collect();
        found.sort();
        found
    };
    assert_eq!(numbers("sqlite"), numbers("postgres"));
    assert!(!numbers("sqlite").is_empty());
}

#[test]
fn fixtures_name_their_origin() {
    for entry in fs::read_dir(root().join("tests/fixtures")).expect("the folder is part of the project") {
        let folder = entry.expect("readable").path();
        if folder.is_dir() {
            assert!(folder.join("NOTICE").is_file(), "{} has no NOTICE", folder.display());
        }
    }
}
