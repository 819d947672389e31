//! Formats of images that are named and not decoded, so that whoever has such files knows what to do about them.

/// A format, the endings of its files' names, and the brands by which ISO 14496-12 tells its files from others.
struct Format {
    name: &'static str,
    endings: &'static [&'static str],
    brands: &'static [&'static [u8; 4]],
}

const FORMATS: [Format; 3] = [
    Format {
        name: "HEIC",
        endings: &["heic", "heif", "hif"],
        brands: &[b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"],
    },
    Format { name: "AVIF", endings: &["avif"], brands: &[b"avif", b"avis"] },
    Format { name: "JPEG XL", endings: &["jxl"], brands: &[b"jxl "] },
];

/// Why a file that begins so cannot be read, if it is of one of these formats.
pub fn refused(head: &[u8]) -> Option<String> {
    let brand = head.get(8..12).filter(|_| head.get(4..8) == Some(b"ftyp"));
    let is_jpeg_xl = head.starts_with(&[0xFF, 0x0A]) || head.get(4..8) == Some(b"JXL ");
    let of = |format: &&Format| match brand {
        Some(brand) => format.brands.iter().any(|known| *known == brand),
        None => is_jpeg_xl && format.name == "JPEG XL",
    };
    FORMATS.iter().find(of).map(advice)
}

/// The same of a file whose name ends so.
pub fn refused_by_name(ending: &str) -> Option<String> {
    let ending = ending.to_lowercase();
    FORMATS.iter().find(|format| format.endings.contains(&ending.as_str())).map(advice)
}

fn advice(format: &Format) -> String {
    format!("it is {}, which archc does not decode: convert it to JPEG or PNG", format.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_told_by_their_contents() {
        for (head, expected) in [
            (&b"\0\0\0\x18ftypheic\0\0\0\0"[..], Some("HEIC")),
            (b"\0\0\0\x1cftypmif1\0\0\0\0", Some("HEIC")),
            (b"\0\0\0\x20ftypavif\0\0\0\0", Some("AVIF")),
            (b"\0\0\0\x0cJXL \r\n\x87\n\0\0\0\0", Some("JPEG XL")),
            (b"\xff\x0a\x41", Some("JPEG XL")),
            (b"\0\0\0\x18ftypmp42\0\0\0\0", None),
            (b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01", None),
            (b"", None),
        ] {
            let found = refused(head);
            assert_eq!(found.is_some(), expected.is_some(), "{head:?}");
            assert!(expected.is_none_or(|name| found.is_some_and(|found| found.starts_with(&format!("it is {name}")))));
        }
        assert!(refused_by_name("HEIC").is_some() && refused_by_name("jpg").is_none());
    }
}
