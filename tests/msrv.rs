//! The stated Rust version is a promise that every dependency has to keep too: this reads what they state. What the crate itself may
//! call of the standard library is clippy's `incompatible_msrv`, which knows nothing of syntax; so the crate is compiled with that
//! version, where rustup has it. Elsewhere this looks for chains of `let`, the one piece of newer syntax that is written without
//! a thought.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fs;
use std::io::{Write, stderr};
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// What goes into an application: normal and build dependencies, with all features. `--locked` and not `--offline`, so that it
/// runs on a machine that has not yet fetched what only wasm32 needs.
fn metadata() -> Value {
    let output = Command::new(env!("CARGO"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["metadata", "--format-version=1", "--locked", "--all-features"])
        .args(["--filter-platform", "wasm32-unknown-unknown"])
        .output()
        .unwrap();
    assert!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn no_dependency_needs_a_newer_rust_than_the_crate_states() {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().unwrap();
    let nodes = metadata["resolve"]["nodes"].as_array().unwrap();
    let package = |id: &Value| packages.iter().find(|package| package["id"] == *id).unwrap();
    let stated = |package: &Value| package["rust_version"].as_str().map(version);

    let everwire = packages.iter().find(|package| package["name"] == "everwire").unwrap();
    let promised = stated(everwire).expect("rust-version in Cargo.toml");

    let mut seen = BTreeSet::new();
    let mut ahead = vec![&everwire["id"]];
    let mut too_new = Vec::new();
    while let Some(id) = ahead.pop() {
        if !seen.insert(id.as_str().unwrap()) {
            continue;
        }
        let package = package(id);
        if stated(package) > Some(promised) {
            too_new.push(format!("{} {} needs Rust {}", package["name"], package["version"], package["rust_version"]));
        }
        let node = nodes.iter().find(|node| node["id"] == *id).unwrap();
        for dependency in node["deps"].as_array().unwrap() {
            let kinds = dependency["dep_kinds"].as_array().unwrap();
            if kinds.iter().any(|kind| kind["kind"] != "dev") {
                ahead.push(&dependency["pkg"]);
            }
        }
    }
    assert!(seen.len() > 10, "only {} packages found: is the graph read as it should be?", seen.len());
    assert!(too_new.is_empty(), "everwire states {}, but {}", everwire["rust_version"], too_new.join(", "));
}

/// "1.85" or "1.85.0".
fn version(text: &str) -> [u64; 3] {
    let mut parts = text.split('.').map(|part| part.parse().unwrap());
    [(); 3].map(|()| parts.next().unwrap_or(0))
}

#[test]
fn versions_compare_by_number() {
    assert!(version("1.9") < version("1.85.0"));
    assert_eq!(version("1.85"), version("1.85.0"));
}

/// What the documentation says of the version, and cargo reads.
const PROMISED: &str = env!("CARGO_PKG_RUST_VERSION");

/// The name of an installed toolchain of this version; `None` if there is none, or no rustup.
fn toolchain(version: &str) -> Option<String> {
    let output = Command::new("rustup").args(["toolchain", "list"]).output().ok()?;
    let list = String::from_utf8(output.stdout).ok()?;
    let names = list.lines().filter_map(|line| line.split_whitespace().next());
    let is_it = |name: &&str| name.strip_prefix(version).is_some_and(|rest| rest.starts_with(['-', '.']));
    names.into_iter().find(is_it).map(str::to_owned)
}

#[test]
fn the_crate_compiles_with_the_rust_that_it_states() {
    let Some(toolchain) = toolchain(PROMISED) else {
        // Not by `eprintln!`, of which nobody sees anything where a test passes.
        let how = format!("rustup toolchain install {PROMISED}");
        writeln!(stderr(), "NOT CHECKED that the crate compiles with Rust {PROMISED}, which is not here: {how}")
            .unwrap();
        return;
    };
    for features in ["", "testing,serde-json", "json"] {
        let output = Command::new("rustup")
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .args(["run", &toolchain, "cargo", "check", "-q", "--lib", "--locked", "--features", features])
            // Beside what this test is built in, which is locked and of another compiler.
            .env("CARGO_TARGET_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("msrv"))
            // The cargo that runs this test says which compiler it is of.
            .env_remove("RUSTUP_TOOLCHAIN")
            .env_remove("CARGO")
            .env_remove("RUSTC")
            .output()
            .unwrap();
        assert!(output.status.success(), "with {features:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn nothing_is_written_as_a_chain_of_lets() {
    let mut ahead = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    let (mut files, mut found) = (0, Vec::new());
    while let Some(path) = ahead.pop() {
        if path.is_dir() {
            ahead.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files += 1;
            let lines = chains(&fs::read_to_string(&path).unwrap());
            found.extend(lines.into_iter().map(|line| format!("{}:{line}", path.display())));
        }
    }
    assert!(files > 50, "only {files} files");
    assert!(found.is_empty(), "Rust {PROMISED} has no chains of `let` (they came with 1.88): {}", found.join(", "));
}

/// The lines in which a `let` of an `if` or `while` stands beside an `&&`.
fn chains(source: &str) -> Vec<usize> {
    let tokens = tokens(source);
    let is = |at: usize, text: &str| tokens.get(at).is_some_and(|(_, token)| token == text);
    let mut found = Vec::new();
    for at in 0..tokens.len() {
        if !matches!(tokens[at].1.as_str(), "if" | "while") {
            continue;
        }
        // The condition goes up to the brace of its block; what is in parentheses, a pattern or a closure, is its own affair.
        let (mut depth, mut has_let, mut has_and, mut in_pattern) = (0_i32, false, false, false);
        for (ahead, (_, token)) in tokens.iter().enumerate().skip(at + 1) {
            match token.as_str() {
                "(" | "[" => depth += 1,
                ")" | "]" => depth -= 1,
                "{" if depth == 0 && !in_pattern => break,
                "{" => depth += 1,
                "}" => depth -= 1,
                "let" if depth == 0 => (has_let, in_pattern) = (true, true),
                "=" if depth == 0 && !is(ahead + 1, "=") && !is(ahead - 1, "=") => in_pattern = false,
                "&&" if depth == 0 && !in_pattern => has_and = true,
                ";" if depth == 0 => break,
                _ => {}
            }
            if depth < 0 || (has_let && has_and) {
                break;
            }
        }
        if has_let && has_and {
            found.push(tokens[at].0);
        }
    }
    found
}

/// Words and signs, each with its line; without comments and texts.
fn tokens(source: &str) -> Vec<(usize, String)> {
    let mut tokens = Vec::new();
    for (number, line) in source.lines().enumerate() {
        let mut rest = line;
        while let Some(first) = rest.chars().next() {
            let length = match first {
                '/' if rest.starts_with("//") => break,
                // To its end in this line; those of several lines have no `if` in them.
                '"' => {
                    let mut escaped = true;
                    let closes = |sign: char| {
                        let is_end = sign == '"' && !escaped;
                        escaped = sign == '\\' && !escaped;
                        is_end
                    };
                    rest.find(closes).map_or(rest.len(), |end| end + 1)
                }
                '\'' if rest.starts_with("'\\") => rest[2..].find('\'').map_or(1, |end| (end + 3).max(4)),
                '\'' if rest.chars().nth(2) == Some('\'') => 2 + rest.chars().nth(1).map_or(0, char::len_utf8),
                '&' if rest.starts_with("&&") => 2,
                _ if first.is_alphanumeric() || first == '_' => {
                    rest.find(|sign: char| !(sign.is_alphanumeric() || sign == '_')).unwrap_or(rest.len())
                }
                _ => first.len_utf8(),
            };
            let (token, after) = rest.split_at(length);
            if !token.trim().is_empty() && !token.starts_with(['"', '\'']) {
                tokens.push((number + 1, token.to_owned()));
            }
            rest = after;
        }
    }
    tokens
}

#[test]
fn every_way_to_write_a_chain_of_lets_is_seen_and_nothing_else() {
    for chain in [
        "if a && let Some(b) = c { d }",
        "if let Some(a) = b && c { d }",
        "while let Some(a) = b.next()\n    && let Some(c) = a { d }",
        "if a == b && let Point { x, .. } = c { d }",
        "if true {} else if let Some(a) = b(|c| { c }) && a.d() { e }",
        "if a != '{' && let '\\'' = b { c }",
    ] {
        assert_eq!(chains(chain), [1], "{chain}");
    }
    for other in [
        "if a && b { let c = d; }",
        "if let Some(a) = b.filter(|b| c && b.d) { e && f }",
        "if let Some(a) = (b && c).then(d) { e }",
        "if let &&a = b { c }",
        "if a { let b = c && d; }",
        "if let \"a && b\" = c { d } // && let",
        "if let Point { x, .. } = a { if b && c { d } }",
        "let Some(a) = b else { c && d };",
    ] {
        assert!(chains(other).is_empty(), "{other}");
    }
}
