//! The layers hold: `http -> service -> store`, all three know `domain`, and each keeps to its own vocabulary.

use std::path::{Path, PathBuf};

use crate::support::plain_test;

pub fn sources(directory: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            found.extend(sources(entry.to_str().unwrap()));
        } else if entry.extension().is_some_and(|e| e == "rs") {
            found.push(entry);
        }
    }
    found
}

/// The lines of code, without comments.
fn code(file: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(file).unwrap();
    text.lines().filter(|line| !line.trim_start().starts_with("//")).map(str::to_owned).collect()
}

plain_test!(no_layer_speaks_the_words_of_another, {
    let forbidden: [(&str, &[&str]); 4] = [
        (
            "src/domain",
            &["actix", "utoipa", "diesel", "crate::http", "crate::service", "crate::store", "std::env"],
        ),
        ("src/service", &["actix", "utoipa", "diesel", "crate::http", "SELECT ", "Moment::now", "Utc::now"]),
        ("src/store", &["actix", "utoipa", "crate::http", "crate::service", "Moment::now", "Utc::now"]),
        ("src/http", &["diesel", "r2d2", "SELECT ", "Moment::now", "Utc::now", "quotient("]),
    ];
    for (layer, words) in forbidden {
        let files = sources(layer);
        assert!(files.len() > 10, "{layer}");
        for file in files {
            for line in code(&file) {
                for word in words {
                    assert!(!line.contains(word), "{}: {word}: {line}", file.display());
                }
            }
        }
    }
});

plain_test!(every_file_is_short_and_says_what_it_is, {
    for file in sources("src").into_iter().chain(sources("tests")) {
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.starts_with("//! "), "{} does not say what it is", file.display());
        let lines = text.lines().count();
        assert!(lines <= 500, "{} has {lines} lines", file.display());
    }
});
