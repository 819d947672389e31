//! Names of documents as editors have them, `file:///home/me/a%20net.yaml`, and paths.

use std::path::Path;

use gen_lsp_types::Uri;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// What stands in a path as it is.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The path of a document; what is in no file is called by its URI's last part, which no file has for a name.
pub fn path(uri: &Uri) -> String {
    let Some(rest) = uri.0.strip_prefix("file://") else {
        let decoded = percent_decode_str(&uri.0).decode_utf8_lossy().into_owned();
        return decoded.rsplit(['/', ':']).next().unwrap_or_default().to_string();
    };
    // `file://localhost/a` is `/a`.
    let path = rest.find('/').map_or(rest, |slash| &rest[slash..]);
    let path = percent_decode_str(path).decode_utf8_lossy().into_owned();
    // `/c:/a` is `c:/a`.
    let mut start = path.chars().skip(1);
    let is_drive = start.next().is_some_and(|letter| letter.is_ascii_alphabetic()) && start.next() == Some(':');
    if is_drive { path[1..].to_string() } else { path }
}

/// The URI of a path, which is taken from the current folder if it is relative.
pub fn of_path(path: &str) -> Uri {
    let absolute = std::path::absolute(Path::new(path)).map(|path| path.to_string_lossy().replace('\\', "/"));
    let path = absolute.unwrap_or_else(|_| path.to_string());
    let slash = if path.starts_with('/') { "" } else { "/" };
    Uri(format!("file://{slash}{}", utf8_percent_encode(&path, KEPT)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_uris() {
        for (uri, expected) in [
            ("file:///home/me/a%20net.yaml", "/home/me/a net.yaml"),
            ("file://localhost/a.yaml", "/a.yaml"),
            ("file:///c%3A/nets/a.yaml", "c:/nets/a.yaml"),
            ("file:///%C3%BC.toml", "/ü.toml"),
            ("untitled:Untitled-1", "Untitled-1"),
            ("vscode-vfs://github/me/nets/a.yaml", "a.yaml"),
            ("file:///%ff%00", "/\u{fffd}\0"),
        ] {
            assert_eq!(path(&Uri::from(uri)), expected);
        }
        assert_eq!(of_path("/home/me/a net:ü.yaml").0, "file:///home/me/a%20net%3A%C3%BC.yaml");
        assert!(path(&of_path("a.yaml")).ends_with("/a.yaml"));
    }
}
