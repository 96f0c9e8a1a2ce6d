//! The stated Rust version is a promise that every dependency has to keep too. There is one toolchain here, so this reads what
//! they state; what the crate itself may call of the standard library is clippy's `incompatible_msrv`.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::unwrap_used)]

use std::collections::BTreeSet;
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
