//! Numbers as people read them. The largest there is stands for all that are larger: sums stop there.

/// What sums stop at that no number here could hold.
pub const BEYOND: u64 = u64::MAX;

/// `25,557,032`.
pub fn exact(number: u64) -> String {
    if number == BEYOND {
        return "over 10^19".to_string();
    }
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.char_indices() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Three digits and a unit: `25.6M`, `9.41K`; below a thousand the number itself.
pub fn short(number: u64) -> String {
    scaled(number, 1000.0, ["", "K", "M", "G", "T", "P", "E"])
}

/// Bytes, in powers of 1024: `97.5 MiB`.
pub fn bytes(number: u64) -> String {
    scaled(number, 1024.0, [" B", " KiB", " MiB", " GiB", " TiB", " PiB", " EiB"])
}

/// A time as a clock shows it: `0:40`, `1:02:03`.
#[cfg(feature = "train")]
pub fn duration(seconds: f64) -> String {
    let seconds = seconds.round() as u64;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

/// Bytes as people write them: `8GiB`, `8 GB`, `512m`. A unit without `i` is decimal if it ends in `B`, as on a disk's
/// box, and binary if it is a letter alone, as in `docker -m`. `None` if it is none of these.
#[cfg(feature = "cli")]
pub fn parse_bytes(text: &str) -> Option<u64> {
    let text = text.trim().to_lowercase();
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let unit = unit.trim_start();
    let base: u64 = if unit.len() == 2 && unit.ends_with('b') { 1000 } else { 1024 };
    let power = match unit {
        "" | "b" => 0,
        "k" | "kb" | "kib" => 1,
        "m" | "mb" | "mib" => 2,
        "g" | "gb" | "gib" => 3,
        "t" | "tb" | "tib" => 4,
        _ => return None,
    };
    // Beyond 2⁶⁴ it is the largest number there is; nobody has that much.
    Some((number.parse::<f64>().ok()? * base.pow(power) as f64) as u64)
}

fn scaled(number: u64, base: f64, units: [&str; 7]) -> String {
    if number == BEYOND {
        return format!(">16{}", units[6]);
    }
    if (number as f64) < base {
        return format!("{number}{}", units[0]);
    }
    let mut scaled = number as f64;
    let mut unit = 0;
    // 999.5 would be rounded to a fourth digit.
    while scaled >= 999.5 && unit < units.len() - 1 {
        scaled /= base;
        unit += 1;
    }
    let decimals = match scaled {
        ..9.995 => 2,
        ..99.95 => 1,
        _ => 0,
    };
    format!("{scaled:.decimals$}{}", units[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_three_digits() {
        for (number, expected_exact, expected_short) in [
            (0, "0", "0"),
            (999, "999", "999"),
            (1000, "1,000", "1.00K"),
            (9_408, "9,408", "9.41K"),
            (9_996, "9,996", "10.0K"),
            (118_013_952, "118,013,952", "118M"),
            (999_499, "999,499", "999K"),
            (999_500, "999,500", "1.00M"),
            (15_470_264_320, "15,470,264,320", "15.5G"),
            (u64::MAX - 1, "18,446,744,073,709,551,614", "18.4E"),
            (u64::MAX, "over 10^19", ">16E"),
        ] {
            assert_eq!((exact(number).as_str(), short(number).as_str()), (expected_exact, expected_short));
        }
    }

    #[test]
    fn counts_bytes_in_powers_of_1024() {
        for (number, expected) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.00 KiB"),
            (1024 * 1000, "0.98 MiB"),
            (102_228_128, "97.5 MiB"),
            (6_442_450_944, "6.00 GiB"),
            (u64::MAX, ">16 EiB"),
        ] {
            assert_eq!(bytes(number), expected);
        }
    }

    #[cfg(feature = "cli")]
    #[test]
    fn reads_what_people_write() {
        for (text, expected) in [
            ("8GiB", Some(8 << 30)),
            ("8 GB", Some(8_000_000_000)),
            ("1.5g", Some(3 << 29)),
            ("512m", Some(512 << 20)),
            ("64 kB", Some(64_000)),
            ("2TiB", Some(2 << 40)),
            ("1000", Some(1000)),
            ("1000 B", Some(1000)),
            ("0", Some(0)),
            ("GiB", None),
            ("-1GiB", None),
            ("8 GiBs", None),
            ("1.2.3", None),
            ("", None),
        ] {
            assert_eq!(parse_bytes(text), expected, "{text}");
        }
    }
}
