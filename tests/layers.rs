//! core ← web ← api ← js: what is left may be imported by what is right, never back. The compiler does not know of layers, so
//! this test reads the sources. It looks at names in code; comments and strings may say what they like.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};

struct Layer {
    dir: &'static str,
    /// The modules below `crate` that it may import. The rest is other layers, and what `lib.rs` re-exports of them.
    imports: &'static [&'static str],
    /// Names that may not stand in its code; a `*` ends a prefix.
    forbidden: &'static [&'static str],
    because: &'static str,
}

const LAYERS: &[Layer] = &[
    Layer {
        dir: "src/core",
        imports: &["core"],
        forbidden: &["web_sys", "js_sys", "wasm_bindgen*", "serde_wasm_bindgen", "gloo*", "Instant", "SystemTime"],
        because: "the core is pure Rust: it gives effects to the browser, and is given the time",
    },
    // Both before the layer that they are a part of.
    Layer {
        dir: "src/web/browser",
        imports: &["core", "web"],
        forbidden: &["serde", "serde_wasm_bindgen"],
        because: "the shell is below the surfaces, and hands payloads on as they are",
    },
    Layer {
        dir: "src/web/fake",
        imports: &["core", "web"],
        forbidden: &["web_sys", "js_sys", "wasm_bindgen*", "gloo*"],
        because: "it is for where there is no browser",
    },
    Layer {
        dir: "src/web",
        imports: &["core", "web"],
        forbidden: &["web_sys", "js_sys", "wasm_bindgen*", "gloo*", "serde"],
        because: "it is the same over the browser and over what stands in for it",
    },
    Layer {
        dir: "src/api",
        imports: &["core", "web", "api"],
        forbidden: &["serde_wasm_bindgen"],
        because: "the Rust surface is there without the npm build, and typed messages (codec.rs) alone pay for their 17 KB",
    },
    Layer {
        dir: "src/testing",
        imports: &["core", "web", "api", "testing"],
        forbidden: &["web_sys", "js_sys", "wasm_bindgen*", "gloo*"],
        because: "it is for where there is no browser",
    },
    Layer {
        dir: "src/js",
        imports: &["core", "web", "api", "js"],
        forbidden: &["serde", "serde_wasm_bindgen"],
        because: "it would be more than everything else in the npm package",
    },
];

const LEAKS: &[&str] = &["forget", "into_js_value"];

/// The file that the rules about serde do not hold for.
const TYPED_MESSAGES: &str = "src/api/codec.rs";

/// T32: the core knows no document, window or navigator, so it works wherever there is none of them.
#[test]
fn no_file_names_what_its_layer_may_not() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for file in rust_files(&root.join("src")) {
        let name = file.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
        found.extend(violations(&name, &fs::read_to_string(&file).unwrap()));
    }
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

#[test]
fn every_layer_has_sources() {
    for layer in LAYERS {
        let files = rust_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join(layer.dir));
        assert!(!files.is_empty(), "nothing to check in {}", layer.dir);
    }
}

#[test]
fn an_import_of_the_browser_in_the_core_is_caught_with_its_line() {
    let found = violations("src/core/outbox.rs", "//! Messages.\n\nuse web_sys::WebSocket;\n");
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("src/core/outbox.rs:3: `web_sys::WebSocket`"), "{found:?}");
}

#[test]
fn every_way_to_write_a_forbidden_name_is_caught() {
    for (file, code) in [
        ("src/core/a.rs", "fn now() -> f64 { js_sys::Date::now() }"),
        ("src/core/a.rs", "use ::wasm_bindgen_futures as futures;"),
        ("src/core/a.rs", "extern crate gloo_timers;"),
        ("src/core/a.rs", "use std::{cell::Cell, time::{Duration, Instant}};"),
        ("src/core/a.rs", "let now = std :: time :: SystemTime :: now();"),
        ("src/core/a.rs", "use crate::{core::time, web::page};"),
        ("src/core/a.rs", "use crate::Socket;"),
        ("src/core/a.rs", "use crate::*;"),
        ("src/core/a.rs", "use super::super::web;"),
        ("src/core/mod.rs", "use super::web::page::Page;"),
        ("src/core/a.rs", "mod tests { fn f() {} use super::super::super::web; }"),
        ("src/core/a.rs", "mod tests { fn f() {} } use super::super::web;"),
        ("src/core/wire/relay.rs", "use super::super::super::api::Socket;"),
        ("src/core/a.rs", "let quotes = ['\"', '\\'']; use web_sys::Event; let end = '\"';"),
        ("src/core/a.rs", "let x: &'static str = r#\"a \" b\"#; web_sys::window();"),
        ("src/core/a.rs", "/* /* nested */ a comment */ use web_sys::Event;"),
        ("src/core/a.rs", "1..web_sys::N"),
        ("src/web/a.rs", "#[derive(serde::Serialize)] struct A;"),
        ("src/web/a.rs", "use web_sys::Event;"),
        ("src/web/browser/a.rs", "pub(crate) use crate::api::Socket;"),
        ("src/api/a.rs", "use crate::js::Handle;"),
        ("src/api/socket.rs", "serde_wasm_bindgen::from_value(value)"),
        ("src/web/a.rs", "closure.forget();"),
        ("src/web/a.rs", "core::mem::forget(closure);"),
        ("src/js/a.rs", "Closure::new(f).into_js_value()"),
    ] {
        assert!(!violations(file, code).is_empty(), "not caught in {file}: {code}");
    }
}

#[test]
fn what_is_allowed_is_not_caught() {
    for (file, code) in [
        ("src/lib.rs", "pub mod core; pub mod web; pub use api::*; pub use crate::core::x;"),
        ("src/core/a.rs", "// like web_sys::WebSocket\nfn f() {}"),
        ("src/core/a.rs", "/// See [`crate::web`].\nfn f() {}"),
        ("src/core/a.rs", "const HINT: &str = \"use web_sys::X; \\\" js_sys\";"),
        ("src/core/a.rs", "use std::time::Duration; use super::time::Millis;"),
        ("src/core/a.rs", "pub(crate) fn web(api: u8) -> u8 { self.web(api) }"),
        ("src/core/mod.rs", "mod tests { use super::*; fn f() { super::time::now(); } }"),
        ("src/web/browser/a.rs", "use crate::core::machine::Machine; use web_sys::Event;"),
        ("src/web/a.rs", "fn f<'a>(x: &'a str) -> char { 'x' }"),
        ("src/api/codec.rs", "use serde_wasm_bindgen::from_value;"),
        ("src/js/mod.rs", "use crate::api::Socket;"),
    ] {
        let found = violations(file, code);
        assert!(found.is_empty(), "{found:?}");
    }
}

/// What is wrong in a file: one line each, with where and why.
fn violations(file: &str, source: &str) -> Vec<String> {
    let layer = LAYERS.iter().find(|layer| file.starts_with(&format!("{}/", layer.dir)));
    let mut found = Vec::new();
    for (line, path) in paths(&module_of(file), &tokens(source)) {
        let mut report = |because: &str| found.push(format!("{file}:{line}: `{}`: {because}", path.join("::")));
        if path.iter().any(|name| matches(name, LEAKS)) {
            report("a closure without an owner leaks with every reconnect");
        }
        let Some(layer) = layer else { continue };
        let imports_above = path.len() > 1 && path[0] == "crate" && !layer.imports.contains(&path[1].as_str());
        let names_forbidden = file != TYPED_MESSAGES && path.iter().any(|name| matches(name, layer.forbidden));
        if imports_above || names_forbidden {
            report(layer.because);
        }
    }
    found
}

fn matches(name: &str, patterns: &[&str]) -> bool {
    patterns.iter().any(|pattern| match pattern.strip_suffix('*') {
        Some(prefix) => name.starts_with(prefix),
        None => name == *pattern,
    })
}

/// `src/core/wire/relay.rs` is `crate::core::wire::relay`.
fn module_of(file: &str) -> Vec<String> {
    let path = file.trim_start_matches("src/").trim_end_matches(".rs");
    let below = path.split('/').filter(|part| !["mod", "lib"].contains(part));
    ["crate"].into_iter().chain(below).map(str::to_owned).collect()
}

/// Every path in the code, a single name included, with its line. What starts with `self` or `super` starts with `crate` then.
fn paths(module: &[String], tokens: &[Token]) -> Vec<(usize, Vec<String>)> {
    let mut module = module.to_vec();
    let mut found = Vec::new();
    // The open braces: whether it is that of a module.
    let mut open = Vec::new();
    let mut i = 0;
    while let Some(token) = tokens.get(i) {
        let text = |n: usize| tokens.get(i + n).map_or("", |token| token.text.as_str());
        if text(0) == "mod" && text(2) == "{" {
            module.push(text(1).to_owned());
            open.push(true);
            i += 3;
        } else if token.is_name() {
            let first = found.len();
            i = read_tree(tokens, i, &mut Vec::new(), &mut found);
            for (_, path) in &mut found[first..] {
                make_absolute(path, &module);
            }
        } else {
            match text(0) {
                "{" => open.push(false),
                "}" if open.pop() == Some(true) => drop(module.pop()),
                _ => {}
            }
            i += 1;
        }
    }
    found
}

/// Reads `a::{b, c::d}` from `i` on as `a::b` and `a::c::d`, and returns where it ends.
fn read_tree(tokens: &[Token], mut i: usize, path: &mut Vec<String>, found: &mut Vec<(usize, Vec<String>)>) -> usize {
    let text = |i: usize| tokens.get(i).map_or("", |token| token.text.as_str());
    let depth = path.len();
    if text(i) == "{" {
        i += 1;
        while i < tokens.len() && text(i) != "}" {
            // What is no path is a comma, or the `as b` of a renamed import.
            let starts = tokens[i].is_name() || ["{", "*"].contains(&text(i));
            i = if starts { read_tree(tokens, i, path, found) } else { i + 1 };
        }
        return i + 1;
    }
    let line = tokens[i].line;
    path.push(text(i).to_owned());
    i += 1;
    let goes_on = tokens.get(i + 1).is_some_and(|next| next.is_name() || ["{", "*"].contains(&next.text.as_str()));
    if text(i) == "::" && goes_on {
        i = read_tree(tokens, i + 1, path, found);
    } else {
        found.push((line, path.clone()));
    }
    path.truncate(depth);
    i
}

fn make_absolute(path: &mut Vec<String>, module: &[String]) {
    let supers = path.iter().take_while(|name| *name == "super").count();
    if supers > 0 {
        let above = module.len().saturating_sub(supers).max(1);
        path.splice(..supers, module[..above].iter().cloned());
    } else if path.len() > 1 && path[0] == "self" {
        path.splice(..1, module.iter().cloned());
    }
}

struct Token {
    line: usize,
    text: String,
}

impl Token {
    fn is_name(&self) -> bool {
        self.text.starts_with(is_word)
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Names and punctuation, `::` as one, without comments, strings, characters, lifetimes and numbers.
fn tokens(source: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let (mut rest, mut line) = (source, 1);
    while let Some(c) = rest.chars().next() {
        let (length, is_token) = match c {
            '/' if rest.starts_with("//") => (rest.find('\n').unwrap_or(rest.len()), false),
            '/' if rest.starts_with("/*") => (block_comment(rest), false),
            '"' => (quoted(rest, '"'), false),
            '\'' => (character_or_lifetime(rest), false),
            ':' if rest.starts_with("::") => (2, true),
            _ if is_word(c) => match raw_string(rest) {
                Some(length) => (length, false),
                None => (rest.find(|c| !is_word(c)).unwrap_or(rest.len()), !c.is_numeric()),
            },
            _ => (c.len_utf8(), !c.is_whitespace()),
        };
        let (text, after) = rest.split_at(length.min(rest.len()));
        if is_token {
            tokens.push(Token { line, text: text.to_owned() });
        }
        line += text.matches('\n').count();
        rest = after;
    }
    tokens
}

fn block_comment(text: &str) -> usize {
    let (mut depth, mut i) = (0, 0);
    while i < text.len() {
        match &text.as_bytes()[i..] {
            [b'/', b'*', ..] => (depth, i) = (depth + 1, i + 2),
            [b'*', b'/', ..] => (depth, i) = (depth - 1, i + 2),
            _ => i += 1,
        }
        if depth == 0 {
            break;
        }
    }
    i
}

fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (i, c) in text.char_indices().skip(1) {
        if c == quote && !escaped {
            return i + 1;
        }
        escaped = c == '\\' && !escaped;
    }
    text.len()
}

/// `'x'` and `'\n'` are characters; `'a` is a lifetime.
fn character_or_lifetime(text: &str) -> usize {
    let mut chars = text.chars().skip(1);
    let (first, second) = (chars.next(), chars.next());
    if first == Some('\\') || second == Some('\'') {
        quoted(text, '\'')
    } else {
        text[1..].find(|c| !is_word(c)).map_or(text.len(), |end| end + 1)
    }
}

/// `r#"…"#`, with any number of hashes.
fn raw_string(text: &str) -> Option<usize> {
    let prefix = ["r", "br", "cr"]
        .into_iter()
        .find(|prefix| text.strip_prefix(prefix).is_some_and(|rest| rest.trim_start_matches('#').starts_with('"')))?;
    let opening = text.find('"')?;
    let end = format!("\"{}", &text[prefix.len()..opening]);
    Some(text[opening + 1..].find(&end).map_or(text.len(), |at| opening + 1 + at + end.len()))
}

fn rust_files(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}
