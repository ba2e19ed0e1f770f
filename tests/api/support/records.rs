//! Records to begin with.

use serde_json::{Value, json};

use super::app::App;

pub const UNITS: &str = "/api/v1/units";
pub const DOSSIERS: &str = "/api/v1/dossiers";

/// The least that a unit says.
pub fn unit(id: &str) -> Value {
    json!({"id": id, "name": format!("Xã {id}"), "level": "commune"})
}

/// An open dossier, accepted on 2 March 2020 and due on the 10th.
pub fn dossier(code: &str, unit_id: &str) -> Value {
    json!({
        "code": code, "unit_id": unit_id, "submitted_via": "in_person", "status": 4,
        "accepted_at": "2020-03-02T08:00:00+07:00", "due_at": "2020-03-10T17:00:00+07:00"
    })
}

/// `base` with the members of `over`; a null stays a null.
pub fn with(mut base: Value, over: Value) -> Value {
    let Value::Object(over) = over else { panic!("an object") };
    for (name, value) in over {
        base[name] = value;
    }
    base
}

/// `base` without a member.
pub fn without(mut base: Value, member: &str) -> Value {
    base.as_object_mut().unwrap().shift_remove(member).unwrap();
    base
}

impl App {
    /// Makes units of these ids.
    #[track_caller]
    pub fn make_units(&self, ids: &[&str]) {
        for id in ids {
            self.post(UNITS, &unit(id)).expect(201);
        }
    }
}
