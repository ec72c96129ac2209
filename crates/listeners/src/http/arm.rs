//! Paths of Azure's resource manager, whose fixed words clients write in more than one way.

/// Returns the paths of what a provider has in a resource group, in the ways in which clients write them. The path's parts
/// `{subscription}` and `{group}` are the subscription and the resource group.
pub fn arm_paths(provider: &str, rest: &str) -> Vec<String> {
    let mut paths = Vec::new();
    for groups in ["resourceGroups", "resourcegroups"] {
        for provider in [provider.to_string(), provider.to_lowercase()] {
            paths.push(format!("/subscriptions/{{subscription}}/{groups}/{{group}}/providers/{provider}/{rest}"));
        }
    }
    paths
}
