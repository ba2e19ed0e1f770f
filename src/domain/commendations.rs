//! A commendation decision and its recipients (thi đua, khen thưởng: Law 06/2022/QH15).
//!
//! One decision has many recipients; each is a collective or an individual; counts without names are allowed,
//! because news often gives no more. A decision is annulled, never deleted.

use serde::{Deserialize, Serialize};

use super::{
    time::{Day, Moment, YEARS},
    units::Level,
    violation::{Findings, Violation},
    words::words,
};

words! {
    /// Form of a commendation.
    pub enum CommendationForm {
        /// Giấy khen: heads of agencies, districts and communes.
        GiayKhen = "giay_khen",
        /// Bằng khen: chairman of a province, minister and above.
        BangKhen = "bang_khen",
        /// Cờ thi đua: province, ministry and above.
        CoThiDua = "co_thi_dua",
        /// Tập thể lao động tiên tiến, lao động tiên tiến: any head of agency.
        LaoDongTienTien = "lao_dong_tien_tien",
        /// Chiến sĩ thi đua cơ sở: any head of agency.
        ChienSiThiDuaCoSo = "chien_si_thi_dua_co_so",
        /// Another form.
        Other = "other",
    }
}

impl CommendationForm {
    /// Whether a unit of this level may issue the form.
    pub fn fits(self, level: Level) -> bool {
        match self {
            Self::BangKhen | Self::CoThiDua => {
                matches!(level, Level::National | Level::Province | Level::Other)
            }
            Self::GiayKhen | Self::LaoDongTienTien | Self::ChienSiThiDuaCoSo | Self::Other => true,
        }
    }
}

words! {
    /// A collective or an individual, never both.
    pub enum RecipientKind {
        /// Tập thể.
        Collective = "collective",
        /// Cá nhân.
        Individual = "individual",
    }
}

/// A recipient, or several of one kind without names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipient {
    /// Collective or individual.
    pub kind: RecipientKind,
    /// Name, where known.
    pub name: Option<String>,
    /// The unit it belongs to, where known.
    pub unit_id: Option<String>,
    /// How many; above 1 only without a name.
    pub count: i32,
}

/// A decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Commendation {
    /// Made by the service.
    pub id: String,
    /// Number as printed: `1234/QĐ-UBND-HC`; none where only the news is known.
    pub decision_number: Option<String>,
    /// Date of the decision.
    pub decided_on: Option<Day>,
    /// Who issued it.
    pub issuer_unit_id: String,
    /// Form.
    pub form: CommendationForm,
    /// For what.
    pub ground: String,
    /// Year of the achievement, which is not that of the decision.
    pub achievement_year: i32,
    /// Who received it.
    pub recipients: Vec<Recipient>,
    /// When it was annulled.
    pub annulled_at: Option<Moment>,
}

impl Commendation {
    /// Takes the names of individuals away, as the public sees a decision.
    pub fn mask_individuals(&mut self) {
        for recipient in &mut self.recipients {
            if recipient.kind == RecipientKind::Individual {
                recipient.name = None;
            }
        }
    }

    /// How many recipients of one kind.
    pub fn count(&self, kind: RecipientKind) -> i64 {
        self.recipients.iter().filter(|r| r.kind == kind).map(|r| i64::from(r.count)).sum()
    }

    /// The rules of one decision; `issuer_level` is the level of the issuing unit where it is known.
    pub fn check(&self, issuer_level: Option<Level>) -> Vec<Violation> {
        let mut findings = Findings::default();
        findings.optional_text("/decision_number", self.decision_number.as_ref(), 100);
        findings.text("/ground", &self.ground, 2000);
        if !YEARS.contains(&self.achievement_year) {
            findings.add(
                "/achievement_year",
                "out_of_range",
                "The year must lie between 1900 and 2999.",
                "Năm phải từ 1900 đến 2999.",
            );
        }
        if self.decided_on.is_some_and(|day| day.year() < self.achievement_year) {
            findings.add(
                "/decided_on",
                "before_achievement",
                "A decision is not older than the year of the achievement.",
                "Quyết định không thể có trước năm lập thành tích.",
            );
        }
        if issuer_level.is_some_and(|level| !self.form.fits(level)) {
            findings.add(
                "/form",
                "form_above_issuer",
                "This form is issued by a province, a ministry or above.",
                "Hình thức này do cấp tỉnh, bộ trở lên quyết định.",
            );
        }
        if self.recipients.is_empty() {
            findings.add(
                "/recipients",
                "empty",
                "At least one recipient.",
                "Cần ít nhất một đối tượng được khen.",
            );
        }
        for (i, recipient) in self.recipients.iter().enumerate() {
            let at = |member: &str| format!("/recipients/{i}/{member}");
            findings.optional_text(&at("name"), recipient.name.as_ref(), 300);
            if !(1..=1_000_000).contains(&recipient.count) {
                findings.add(
                    at("count"),
                    "out_of_range",
                    "A count lies between 1 and 1000000.",
                    "Số lượng từ 1 đến 1000000.",
                );
            } else if recipient.count > 1 && recipient.name.is_some() {
                findings.add(
                    at("count"),
                    "count_with_name",
                    "A count above 1 is only for recipients without a name.",
                    "Số lượng lớn hơn 1 chỉ dùng khi không có tên.",
                );
            }
        }
        findings.into_result().err().unwrap_or_default()
    }
}
