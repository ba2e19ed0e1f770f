//! Units named by codes, as the national portal names them: a code means the unit that had it on a day.

use std::collections::{HashMap, hash_map::Entry};

use super::error::{Error, Result};
use crate::{
    domain::{time::Day, units::Validity},
    store::{self, Conn},
};

/// What codes mean: that of many records is read once.
pub struct UnitCodes<'a> {
    scheme: Option<&'a str>,
    known: HashMap<String, Meaning>,
}

/// The units that have or had a code, and whether it is the id of one, once that was asked.
struct Meaning {
    coded: Vec<(String, Validity)>,
    is_id: Option<bool>,
}

impl<'a> UnitCodes<'a> {
    /// Codes of one list, or of any.
    pub fn new(scheme: Option<&'a str>) -> Self {
        Self { scheme, known: HashMap::new() }
    }

    /// The unit that a code meant on a day, or the one of this id; `pointer` is where it is named.
    ///
    /// # Errors
    /// `Invalid` when the text meant no unit on that day, or several; the database's.
    pub fn unit_on(&mut self, conn: &mut Conn, pointer: &str, text: &str, day: Day) -> Result<String> {
        let meaning = match self.known.entry(text.to_owned()) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(slot) => {
                let coded = store::units::coded(conn, text, self.scheme)?;
                slot.insert(Meaning { coded, is_id: None })
            }
        };
        let mut then = meaning.coded.iter().filter(|(_, days)| days.holds(day)).map(|(id, _)| id);
        match (then.next(), then.next()) {
            (Some(id), None) => return Ok(id.clone()),
            (Some(one), Some(other)) => {
                return Err(Error::invalid(
                    pointer,
                    "ambiguous_unit",
                    format!("On {day} the code `{text}` was of `{one}` and of `{other}`: name the scheme."),
                    format!("Ngày {day} mã `{text}` là của `{one}` và của `{other}`: hãy nêu bộ mã."),
                ));
            }
            (None, _) => {}
        }
        let is_id = match meaning.is_id {
            Some(known) => known,
            None => *meaning.is_id.insert(store::units::exists(conn, text)?),
        };
        if is_id {
            return Ok(text.to_owned());
        }
        if meaning.coded.is_empty() {
            return Err(Error::Invalid(vec![Error::unknown_unit(pointer, text)]));
        }
        Err(Error::invalid(
            pointer,
            "unit_not_in_existence",
            format!("No unit had the code `{text}` on {day}."),
            format!("Không đơn vị nào mang mã `{text}` vào ngày {day}."),
        ))
    }
}
