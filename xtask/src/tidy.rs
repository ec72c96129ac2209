//! Checks of the house's rules that the compiler does not make: layers, which crates may name the engine, what the verifier of
//! evidence is made of, and whether every diagnostic is explained.

use anyhow::{Context, Result};
use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

/// Layers from the bottom up. A crate may depend on crates of its own layer and of those below.
const LAYERS: &[&str] = &["domain", "engine", "service", "edge", "app", "dev"];

/// The only crates that may name DataFusion (invariant I4).
const NAME_DATAFUSION: &[&str] = &["query"];

/// What the verifier of evidence may be made of, so that it can be read, built and trusted by itself (invariant I9).
const VERIFIER: &[(&str, &[&str])] =
    &[("vidimus-verify", &["tlog", "clap"]), ("tlog", &["base64", "ed25519-dalek", "sha2", "thiserror"])];

/// Returns every breach of a rule, as sentences.
pub fn breaches() -> Result<Vec<String>> {
    let mut found = dependency_breaches()?;
    found.extend(undocumented_codes()?);
    Ok(found)
}

/// Looks for crates that depend upward, or name the engine when they may not.
fn dependency_breaches() -> Result<Vec<String>> {
    let mut layers = HashMap::new();
    let mut manifests = Vec::new();
    for path in manifest_paths()? {
        let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let name = value_of(&text, "name").with_context(|| format!("no name in {}", path.display()))?;
        let layer = value_of(&text, "layer").with_context(|| format!("no layer in {}", path.display()))?;
        layers.insert(name.clone(), layer);
        manifests.push((name, text));
    }
    let mut found = Vec::new();
    for (name, text) in &manifests {
        let rank = |layer: &str| LAYERS.iter().position(|l| *l == layer);
        let Some(own) = rank(&layers[name]) else {
            found.push(format!("{name}: unknown layer `{}`", layers[name]));
            continue;
        };
        for dependency in dependencies(text) {
            if dependency.starts_with("datafusion") && !NAME_DATAFUSION.contains(&name.as_str()) {
                found.push(format!("{name} names {dependency}; only {NAME_DATAFUSION:?} may"));
            }
            let verifier = VERIFIER.iter().find(|(of, _)| of == name);
            if let Some((_, allowed)) = verifier.filter(|(_, allowed)| !allowed.contains(&dependency.as_str())) {
                found.push(format!("{name} names {dependency}; the verifier may name {allowed:?} only"));
            }
            if let Some(theirs) = layers.get(&dependency).and_then(|layer| rank(layer))
                && theirs > own
            {
                found.push(format!(
                    "{name} ({}) depends upward on {dependency} ({})",
                    layers[name], layers[&dependency]
                ));
            }
        }
    }
    Ok(found)
}

/// The table of every diagnostic's code.
const DIAGNOSTICS: &str = "docs/kql/diagnostics.md";

/// Compares the codes that the sources report with those that [`DIAGNOSTICS`] explains.
fn undocumented_codes() -> Result<Vec<String>> {
    let root = crate::codegen::root();
    let page = root.join(DIAGNOSTICS);
    let page = std::fs::read_to_string(&page).with_context(|| format!("cannot read {}", page.display()))?;
    let rows = page.lines().filter_map(|line| line.strip_prefix("| ")?.split_once(" | "));
    let explained: BTreeSet<String> = rows.map(|(code, _)| code.to_string()).filter(|code| is_code(code)).collect();
    let mut reported = BTreeSet::new();
    for entry in std::fs::read_dir(root.join("crates"))? {
        codes_under(&entry?.path().join("src"), &mut reported)?;
    }
    let missing = reported.difference(&explained).map(|code| format!("{DIAGNOSTICS} does not explain {code}"));
    let idle =
        explained.difference(&reported).map(|code| format!("{DIAGNOSTICS} explains {code}, which nothing reports"));
    Ok(missing.chain(idle).collect())
}

/// Collects the codes that stand as string literals in the sources below a folder.
fn codes_under(folder: &Path, codes: &mut BTreeSet<String>) -> Result<()> {
    for entry in std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            codes_under(&path, codes)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
            codes.extend(text.split(['"', '\\']).filter(|part| is_code(part)).map(str::to_string));
        }
    }
    Ok(())
}

/// Returns whether a text has the form of a diagnostic's code: `KS` or `VQ` and three digits.
fn is_code(text: &str) -> bool {
    let digits = text.strip_prefix("KS").or_else(|| text.strip_prefix("VQ"));
    digits.is_some_and(|digits| digits.len() == 3 && digits.bytes().all(|byte| byte.is_ascii_digit()))
}

fn manifest_paths() -> Result<Vec<PathBuf>> {
    let root = crate::codegen::root();
    let mut paths = vec![root.join("xtask/Cargo.toml")];
    for entry in std::fs::read_dir(root.join("crates"))? {
        let manifest = entry?.path().join("Cargo.toml");
        if manifest.exists() {
            paths.push(manifest);
        }
    }
    paths.sort();
    Ok(paths)
}

fn value_of(text: &str, key: &str) -> Option<String> {
    let line = text.lines().find(|line| line.split('=').next().is_some_and(|k| k.trim() == key))?;
    Some(line.split('=').nth(1)?.trim().trim_matches('"').to_string())
}

/// Names under `[dependencies]` (not those for tests).
fn dependencies(text: &str) -> Vec<String> {
    let mut inside = false;
    let mut names = Vec::new();
    for line in text.lines() {
        if line.starts_with('[') {
            inside = line.trim() == "[dependencies]";
        } else if inside && let Some((name, _)) = line.split_once(['=', '.']) {
            names.push(name.trim().to_string());
        }
    }
    names
}

#[cfg(test)]
mod tests {
    #[test]
    fn i4_layers_hold_and_only_the_query_crate_names_datafusion() {
        let found = super::dependency_breaches().unwrap_or_else(|error| vec![error.to_string()]);
        assert!(found.is_empty(), "{}", found.join("\n"));
    }

    #[test]
    fn i9_the_verifier_needs_tlog_and_nothing_else() {
        for (name, _) in super::VERIFIER {
            let manifest = crate::codegen::root().join("crates").join(name).join("Cargo.toml");
            let text = std::fs::read_to_string(&manifest).unwrap_or_default();
            assert!(text.contains(&format!("name = \"{name}\"")), "{name} is gone");
        }
        let found = super::dependency_breaches().unwrap_or_else(|error| vec![error.to_string()]);
        assert!(!found.iter().any(|breach| breach.contains("the verifier may name")), "{}", found.join("\n"));
    }

    #[test]
    fn every_diagnostic_code_is_explained() {
        let found = super::undocumented_codes().unwrap_or_else(|error| vec![error.to_string()]);
        assert!(found.is_empty(), "{}", found.join("\n"));
    }
}
