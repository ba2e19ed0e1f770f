//! What a value should have been, in words for people: serde names types as the program does.

/// The least and the greatest number of an integer type, by its name.
fn range(kind: &str) -> Option<(String, String)> {
    macro_rules! of {
        ($($kind:ident)+) => {
            match kind {
                $(stringify!($kind) => Some(($kind::MIN.to_string(), $kind::MAX.to_string())),)+
                _ => None,
            }
        };
    }
    of!(u8 u16 u32 u64 usize i8 i16 i32 i64 isize)
}

/// What serde says of a value of a wrong type, in English and Vietnamese.
pub fn wrong_type(message: &str) -> (String, String) {
    let integer = message.rsplit_once(", expected ").and_then(|(found, kind)| Some((found, range(kind)?)));
    match integer {
        Some((found, (least, most))) => (
            format!("{found}, expected a whole number from {least} to {most}."),
            format!("Giá trị phải là số nguyên từ {least} đến {most}."),
        ),
        None => (format!("{message}."), format!("Giá trị không đúng kiểu ({message}).")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_type_of_the_program_is_named() {
        assert_eq!(
            wrong_type("invalid value: integer `-1`, expected u8"),
            (
                "invalid value: integer `-1`, expected a whole number from 0 to 255.".to_owned(),
                "Giá trị phải là số nguyên từ 0 đến 255.".to_owned()
            )
        );
        let (english, _) = wrong_type("invalid type: string \"a, expected u8\", expected i16");
        assert!(english.ends_with("u8\", expected a whole number from -32768 to 32767."), "{english}");
        let (english, _) = wrong_type("invalid type: integer `7`, expected a string");
        assert_eq!(english, "invalid type: integer `7`, expected a string.");
    }
}
