//! HoSoDongBoDVC, the record with which the National Public Service Portal is told of a dossier: what of it no
//! column of a file gives. The rest is read by the preset of imports.
//!
//! Whatever is not named here or there is never read: the record names the applicant.

use serde::Deserialize;
use serde_path_to_error::Segment;

use super::{
    dossier_import_times::{self as times, Edge},
    dossier_imports::DateForm,
    text::clean,
    time::Moment,
    violation::Violation,
};

/// Vietnamese time (UTC+7), in which the portal writes.
const ZONE: (i64, bool) = (7 * 3600, false);

/// What the record says beside the columns of files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Beside {
    /// NoiNopHoSo: where it was handed in, a code of a unit or of a portal.
    pub handed_in_at: Option<String>,
    /// NgayTuChoi: when it was not accepted.
    pub refused_at: Option<Moment>,
    /// DanhSachHoSoBoSung, from the earliest.
    pub supplements: Vec<Supplement>,
}

/// A supplement that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Supplement {
    /// NgayBoSung: when it was asked for.
    pub asked_at: Option<Moment>,
    /// NgayTiepNhanBoSung: when it came.
    pub came_at: Option<Moment>,
    /// NgayHenTraTruoc: the due date before.
    pub due_before: Option<Moment>,
    /// NgayHenTraMoi: the due date from then on.
    pub due_after: Option<Moment>,
}

#[derive(Deserialize)]
struct Named {
    #[serde(rename = "MaHoSo")]
    code: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct Written {
    #[serde(rename = "NoiNopHoSo")]
    handed_in_at: Option<serde_json::Value>,
    #[serde(rename = "NgayTuChoi")]
    refused_at: Option<serde_json::Value>,
    #[serde(rename = "DanhSachHoSoBoSung")]
    supplements: Option<Vec<WrittenSupplement>>,
}

#[derive(Deserialize)]
struct WrittenSupplement {
    #[serde(rename = "NgayBoSung")]
    asked_at: Option<serde_json::Value>,
    #[serde(rename = "NgayTiepNhanBoSung")]
    came_at: Option<serde_json::Value>,
    #[serde(rename = "NgayHenTraTruoc")]
    due_before: Option<serde_json::Value>,
    #[serde(rename = "NgayHenTraMoi")]
    due_after: Option<serde_json::Value>,
}

/// A text, or a number as it is written; systems write codes and dates in both ways.
fn text(value: Option<serde_json::Value>) -> Option<String> {
    let text = match value? {
        serde_json::Value::String(text) => text.trim().to_owned(),
        serde_json::Value::Number(number) => number.to_string(),
        _ => return None,
    };
    Some(text).filter(|text| !text.is_empty())
}

fn moment(head: &str, value: Option<serde_json::Value>, edge: Edge) -> Result<Option<Moment>, Violation> {
    let Some(text) = text(value) else { return Ok(None) };
    times::read(&text, DateForm::Digits, ZONE, edge).map(Some).ok_or_else(|| {
        Violation::new(
            format!("/{head}"),
            "wrong_type",
            "A time is written in 14 digits, or a day in 8: 20200306163000.",
            "Thời điểm gồm 14 chữ số, hoặc ngày gồm 8 chữ số: 20200306163000.",
        )
    })
}

/// The member that serde can't read, and why.
fn unreadable(error: &serde_path_to_error::Error<serde_json::Error>) -> Violation {
    let message = error.inner().to_string();
    if let Some((head, _)) = message.strip_prefix("duplicate field `").and_then(|rest| rest.split_once('`')) {
        return Violation::new(
            format!("/{head}"),
            "duplicate_field",
            format!("`{head}` is given twice."),
            format!("`{head}` được ghi hai lần."),
        );
    }
    let mut head = "DanhSachHoSoBoSung";
    for segment in error.path() {
        if let Segment::Map { key } = segment {
            head = key;
        }
    }
    Violation::new(
        format!("/{head}"),
        "wrong_type",
        "Its value is not of the kind that stands here.",
        "Giá trị không đúng kiểu.",
    )
}

/// MaHoSo alone, of a record that can't be read as a whole.
pub fn code_of(json: &str) -> Option<String> {
    let named: Named = serde_json::from_str(json).ok()?;
    let code = text(named.code).map(|code| clean(&code))?;
    Some(code).filter(|code| !code.is_empty() && !code.contains(char::is_control))
}

impl Beside {
    /// Reads the record's other members.
    ///
    /// # Errors
    /// The member that can't be read.
    pub fn read(json: &str) -> Result<Self, Violation> {
        let mut json = serde_json::Deserializer::from_str(json);
        let written: Written =
            serde_path_to_error::deserialize(&mut json).map_err(|error| unreadable(&error))?;
        let mut supplements = Vec::new();
        for supplement in written.supplements.unwrap_or_default() {
            supplements.push(Supplement {
                asked_at: moment("NgayBoSung", supplement.asked_at, Edge::Start)?,
                came_at: moment("NgayTiepNhanBoSung", supplement.came_at, Edge::Start)?,
                due_before: moment("NgayHenTraTruoc", supplement.due_before, Edge::End)?,
                due_after: moment("NgayHenTraMoi", supplement.due_after, Edge::End)?,
            });
        }
        supplements.sort_by_key(|supplement| supplement.asked_at);
        Ok(Self {
            handed_in_at: text(written.handed_in_at),
            refused_at: moment("NgayTuChoi", written.refused_at, Edge::End)?,
            supplements,
        })
    }

    /// The due date given at acceptance; `told` is the one that the record has now.
    pub fn first_due(&self, told: Option<Moment>) -> Option<Moment> {
        self.supplements.iter().find_map(|supplement| supplement.due_before).or(told)
    }

    /// The due date that holds; `told` is the one that the record has now.
    pub fn last_due(&self, told: Option<Moment>) -> Option<Moment> {
        self.supplements.iter().rev().find_map(|supplement| supplement.due_after).or(told)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn supplements_are_read_from_the_earliest_and_the_rest_is_not() {
        let json = r#"{"ChuHoSo": "Nguyễn Văn A", "NoiNopHoSo": 30145, "NgayTuChoi": "", "DanhSachHoSoBoSung": [
            {"NgayBoSung": "20210310080000", "NgayHenTraTruoc": "20210320170000", "NgayHenTraMoi": 20210330170000},
            {"NgayBoSung": "20210303080000", "NgayTiepNhanBoSung": "20210304", "NgayHenTraTruoc": "20210312170000",
             "NguoiYeuCauBoSung": "Trần Thị B"}]}"#;
        let beside = Beside::read(json).unwrap();
        assert_eq!((beside.handed_in_at.as_deref(), beside.refused_at), (Some("30145"), None));
        let asked: Vec<String> = beside.supplements.iter().map(|s| s.asked_at.unwrap().to_string()).collect();
        assert_eq!(asked, ["2021-03-03T08:00:00+07:00", "2021-03-10T08:00:00+07:00"]);
        assert_eq!(beside.supplements[0].came_at.unwrap().to_string(), "2021-03-04T00:00:00+07:00");
        assert_eq!(beside.first_due(None).unwrap().to_string(), "2021-03-12T17:00:00+07:00");
        assert_eq!(beside.last_due(None).unwrap().to_string(), "2021-03-30T17:00:00+07:00");
        let wrong = r#"{"DanhSachHoSoBoSung": [{"NgayHenTraMoi": "31/03/2021"}]}"#;
        assert_eq!(Beside::read(wrong).unwrap_err().pointer, "/NgayHenTraMoi");
        for (wrong, pointer, code) in [
            (r#"{"DanhSachHoSoBoSung": "none"}"#, "/DanhSachHoSoBoSung", "wrong_type"),
            (r#"{"DanhSachHoSoBoSung": ["none"]}"#, "/DanhSachHoSoBoSung", "wrong_type"),
            (r#"{"NgayTuChoi": "", "NgayTuChoi": ""}"#, "/NgayTuChoi", "duplicate_field"),
            (r#"{"NgayTuChoi": "\ud800"}"#, "/NgayTuChoi", "wrong_type"),
        ] {
            let violation = Beside::read(wrong).unwrap_err();
            assert_eq!((violation.pointer.as_str(), violation.code), (pointer, code), "{wrong}");
        }
    }

    #[test]
    fn a_record_is_named_where_the_rest_of_it_can_not_be_read() {
        assert_eq!(code_of(r#"{"MaHoSo": " A-1 ", "x": [[]]}"#).as_deref(), Some("A-1"));
        assert_eq!(code_of(r#"{"MaHoSo": 17}"#).as_deref(), Some("17"));
        for json in ["[]", "{}", r#"{"MaHoSo": ""}"#, r#"{"MaHoSo": {}}"#, r#"{"MaHoSo": "\u0000"}"#] {
            assert_eq!(code_of(json), None, "{json}");
        }
    }
}
