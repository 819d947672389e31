//! What the machine has, and what this process takes of it. Linux tells all of this; where a system does not, there is
//! nothing.
//!
//! Memory is in bytes.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;

/// What a run was computed on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Environment {
    /// `linux x86_64`
    pub system: String,
    /// As it calls itself.
    pub processor: Option<String>,
    /// Processors that this process may use.
    pub cores: usize,
    /// All that there is.
    pub memory_bytes: Option<u64>,
}

impl Environment {
    /// That of this process.
    pub fn here() -> Environment {
        Environment {
            system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            processor: processor(&fs::read_to_string("/proc/cpuinfo").unwrap_or_default()),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            memory_bytes: entry("/proc/meminfo", "MemTotal:"),
        }
    }
}

fn processor(table: &str) -> Option<String> {
    let (_, name) = table.lines().find(|line| line.starts_with("model name"))?.split_once(':')?;
    Some(name.trim().to_owned())
}

/// The user's folder for what can be made or fetched again.
pub fn cache_folder() -> Option<PathBuf> {
    std::env::home_dir().map(|home| home.join(".cache/archc"))
}

/// Memory that this process can still get: what the machine has left, or less where the process is confined.
pub fn free_memory() -> Option<u64> {
    let free = entry("/proc/meminfo", "MemAvailable:");
    let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let confined = left_in_groups(Path::new("/sys/fs/cgroup"), &groups);
    free.into_iter().chain(confined).min()
}

/// Memory that this process has now.
pub fn memory() -> Option<u64> {
    entry("/proc/self/status", "VmRSS:")
}

/// The most memory that this process ever had.
pub fn peak_memory() -> Option<u64> {
    entry("/proc/self/status", "VmHWM:")
}

/// The number of kB, each 1,024 bytes, in the line that begins with `key` in one of Linux's tables; in bytes.
fn entry(table: &str, key: &str) -> Option<u64> {
    let table = fs::read_to_string(table).ok()?;
    let line = table.lines().find_map(|line| line.strip_prefix(key))?;
    Some(1024 * line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?)
}

/// The memory left in the control groups of a process, whose list is `groups`: the least in any of them and those
/// around it. Sources: cgroups(7), Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/memory.rst of the Linux
/// kernel.
fn left_in_groups(root: &Path, groups: &str) -> Option<u64> {
    let of_group = |line: &str| {
        let mut parts = line.splitn(3, ':').skip(1);
        let (controllers, path) = (parts.next()?, parts.next()?.trim_start_matches('/'));
        let (root, names) = match controllers {
            "" => (root.to_owned(), ["memory.max", "memory.current", "inactive_file "]),
            _ if controllers.split(',').any(|name| name == "memory") => {
                let names = ["memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file "];
                (root.join("memory"), names)
            }
            _ => return None,
        };
        // Within a container the path may be that of the world outside; then only the root is there.
        root.join(path)
            .ancestors()
            .take_while(|folder| folder.starts_with(&root))
            .filter_map(|folder| left(folder, names))
            .min()
    };
    groups.lines().filter_map(of_group).min()
}

/// What a group with a limit has left. Cached files that nobody uses make room when it is needed.
fn left(folder: &Path, [limit, usage, inactive]: [&str; 3]) -> Option<u64> {
    let number = |name: &str| fs::read_to_string(folder.join(name)).ok()?.trim().parse::<u64>().ok();
    let statistics = fs::read_to_string(folder.join("memory.stat")).unwrap_or_default();
    let cached = statistics.lines().find_map(|line| line.strip_prefix(inactive)?.parse::<u64>().ok()).unwrap_or(0);
    let used = number(usage)?.saturating_sub(cached);
    Some(number(limit)?.saturating_sub(used))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_groups_confine() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for (name, text) in [
            ("memory.max", "max"),
            ("memory.current", "5000"),
            ("jobs/memory.max", "1000"),
            ("jobs/memory.current", "700"),
            ("jobs/memory.stat", "anon 100\ninactive_file 200\nactive_file 50"),
            ("jobs/one/memory.max", "max"),
            ("jobs/one/memory.current", "10"),
            ("full/memory.max", "1000"),
            ("full/memory.current", "1200"),
            ("memory/memory.limit_in_bytes", "9223372036854771712"),
            ("memory/memory.usage_in_bytes", "0"),
            ("memory/docker/memory.limit_in_bytes", "600"),
            ("memory/docker/memory.usage_in_bytes", "500"),
            ("memory/docker/memory.stat", "inactive_file 1\ntotal_inactive_file 300"),
        ] {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().expect("a folder")).and_then(|()| fs::write(path, text)).expect("room");
        }
        for (groups, expected) in [
            ("0::/\n", None),
            ("0::/jobs\n", Some(500)),
            ("0::/jobs/one\n", Some(500)),
            ("0::/elsewhere\n", None),
            ("0::/full\n", Some(0)),
            ("12:cpu,cpuacct:/jobs\n4:memory:/docker\n0::/\n", Some(400)),
            ("4:memory:/outside\n", Some(9_223_372_036_854_771_712)),
            ("", None),
            ("nonsense", None),
        ] {
            assert_eq!(left_in_groups(folder.path(), groups), expected, "{groups}");
        }
    }

    #[test]
    fn processors_have_names() {
        assert_eq!(
            processor("vendor_id\t: X\nmodel name\t: Some CPU @ 2 GHz\nmodel name\t: Y\n").as_deref(),
            Some("Some CPU @ 2 GHz")
        );
        assert_eq!(processor("Processor: other words"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_has_memory() {
        let (now, peak, free) =
            (memory().expect("Linux"), peak_memory().expect("Linux"), free_memory().expect("Linux"));
        assert!(0 < now && now <= peak && free > 0 && peak < Environment::here().memory_bytes.expect("Linux"));
    }
}
