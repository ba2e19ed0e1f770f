//! What must hold of a criteria tree before anything is computed from it: each finding names its place.

use std::collections::{HashMap, HashSet};

use super::{
    criteria::{Criterion, HUNDRED, Method, SCALE_TOP},
    decimal::Exact,
    editions::{Edition, ScoreUnit},
    index_scores::ScoreStage,
    violation::Findings,
};

/// A criterion with its place in the list.
type Placed<'a> = (usize, &'a Criterion);

/// The tree as the checks look at it.
struct Tree<'a> {
    edition: &'a Edition,
    /// The children of each code, in the order of the list.
    below: HashMap<&'a str, Vec<Placed<'a>>>,
    /// The codes of bonus and penalty points.
    bonus: HashSet<&'a str>,
}

impl Edition {
    /// The rules of the criteria tree.
    pub(super) fn check_criteria(&self, findings: &mut Findings) {
        let mut below: HashMap<&str, Vec<Placed>> = HashMap::new();
        for (i, criterion) in self.criteria.iter().enumerate() {
            if let Some(parent) = &criterion.parent {
                below.entry(parent).or_default().push((i, criterion));
            }
        }
        let tree = Tree { edition: self, below, bonus: self.bonus_codes() };
        tree.check_places(findings);
        for (i, criterion) in self.criteria.iter().enumerate() {
            tree.check_bounds(i, criterion, findings);
            tree.check_bonus(i, criterion, findings);
            tree.check_source(i, criterion, findings);
            tree.check_children(i, criterion, findings);
        }
        let areas: Vec<Placed> =
            self.criteria.iter().enumerate().filter(|(_, c)| c.parent.is_none()).collect();
        tree.check_weights("/criteria", None, self.method, &areas, findings);
        let shares = self.unit_of_measure == ScoreUnit::Percent || self.rescale_not_applicable;
        if self.method == Method::Points && shares {
            tree.check_shares(areas, findings);
        }
    }
}

/// A criterion that has to say how many points it can give.
fn missing_maximum(i: usize, findings: &mut Findings) {
    findings.add(
        format!("/criteria/{i}/max_points"),
        "missing_maximum",
        "A share of the maximum needs `max_points` of each criterion that is part of it.",
        "Cần `max_points` của mọi tiêu chí thành phần để tính tỷ lệ trên điểm tối đa.",
    );
}

impl Tree<'_> {
    /// Codes, names and parents.
    fn check_places(&self, findings: &mut Findings) {
        let parents: HashMap<&str, Option<&str>> =
            self.edition.criteria.iter().map(|c| (c.code.as_str(), c.parent.as_deref())).collect();
        let rooted = rooted(&parents);
        let mut seen = HashSet::new();
        for (i, criterion) in self.edition.criteria.iter().enumerate() {
            let at = |member: &str| format!("/criteria/{i}/{member}");
            findings.id(&at("code"), &criterion.code);
            findings.text(&at("name"), &criterion.name, 500);
            findings.optional_text(&at("name_en"), criterion.name_en.as_ref(), 500);
            if criterion.code == "_total" {
                findings.add(
                    at("code"),
                    "reserved",
                    "`_total` stands for the total.",
                    "`_total` dành cho điểm tổng.",
                );
            }
            if !seen.insert(criterion.code.as_str()) {
                findings.add(
                    at("code"),
                    "duplicate",
                    "The code is used twice in this edition.",
                    "Mã bị trùng trong kỳ đánh giá này.",
                );
            }
            match criterion.parent.as_deref() {
                Some(parent) if !parents.contains_key(parent) => findings.add(
                    at("parent"),
                    "unknown_criterion",
                    format!("No criterion `{parent}` in this edition."),
                    format!("Không có tiêu chí `{parent}` trong kỳ đánh giá này."),
                ),
                Some(_) if rooted.get(criterion.code.as_str()) == Some(&false) => findings.add(
                    at("parent"),
                    "cycle",
                    "The criterion would stand below itself.",
                    "Tiêu chí nằm dưới chính nó.",
                ),
                _ => {}
            }
        }
    }

    fn children(&self, criterion: &Criterion) -> &[Placed<'_>] {
        self.below.get(criterion.code.as_str()).map(Vec::as_slice).unwrap_or_default()
    }

    /// Whether it is an area of bonus and penalty points, or below one.
    fn in_bonus(&self, criterion: &Criterion) -> bool {
        criterion.is_bonus() || self.bonus.contains(criterion.code.as_str())
    }

    fn check_bounds(&self, i: usize, criterion: &Criterion, findings: &mut Findings) {
        let at = |member: &str| format!("/criteria/{i}/{member}");
        // A penalty has no points to win.
        let zero_is_fine = self.in_bonus(criterion);
        for (member, value, zero_is_fine) in
            [("max_points", &criterion.max_points, zero_is_fine), ("weight", &criterion.weight, false)]
        {
            if value.as_ref().is_some_and(|v| v.is_negative() || (v.is_zero() && !zero_is_fine)) {
                findings.add(at(member), "not_positive", "Must be above zero.", "Phải lớn hơn 0.");
            }
        }
        if let (Some(min), Some(max)) = (&criterion.min_points, &criterion.max_points)
            && min >= max
        {
            findings.add(
                at("min_points"),
                "minimum_not_below_maximum",
                format!("The minimum must be below the maximum, {max}."),
                format!("Điểm tối thiểu phải nhỏ hơn điểm tối đa là {max}."),
            );
        }
        if criterion.stage == Some(ScoreStage::Final) {
            findings.add(
                at("stage"),
                "final_is_no_stage",
                "A criterion is scored by self, appraised or survey; the final score follows from it.",
                "Tiêu chí được chấm ở giai đoạn self, appraised hoặc survey; điểm final được suy ra từ đó.",
            );
        }
    }

    fn check_bonus(&self, i: usize, criterion: &Criterion, findings: &mut Findings) {
        let at = |member: &str| format!("/criteria/{i}/{member}");
        if criterion.is_bonus() && criterion.parent.is_some() {
            findings.add(
                at("kind"),
                "bonus_below_another",
                "Bonus and penalty points are an area of their own, below no other.",
                "Điểm thưởng, điểm trừ là một lĩnh vực riêng, không nằm dưới lĩnh vực khác.",
            );
        }
        if criterion.is_bonus() && criterion.weight.is_some() {
            findings.add(
                at("weight"),
                "bonus_has_no_weight",
                "Bonus and penalty points are added as they are: they have no weight.",
                "Điểm thưởng, điểm trừ được cộng nguyên: không có trọng số.",
            );
        }
        if self.in_bonus(criterion) && criterion.method.is_some_and(|method| method != Method::Points) {
            findings.add(
                at("method"),
                "bonus_adds_points",
                "Bonus and penalty points are a sum of points.",
                "Điểm thưởng, điểm trừ là tổng các điểm.",
            );
        }
        if !criterion.is_bonus() {
            return;
        }
        let bounds = criterion.min_points.as_ref().zip(criterion.max_points.as_ref());
        if bounds.is_none_or(|(min, max)| min > &Exact::zero() || max.is_negative()) {
            findings.add(
                format!("/criteria/{i}"),
                "missing_bounds",
                "Bonus and penalty points need `min_points` of zero or less and `max_points` of zero or more.",
                "Điểm thưởng, điểm trừ cần `min_points` không lớn hơn 0 và `max_points` không nhỏ hơn 0.",
            );
        }
    }

    /// What is computed from records.
    fn check_source(&self, i: usize, criterion: &Criterion, findings: &mut Findings) {
        let Some(rule) = &criterion.from_records else { return };
        let at = format!("/criteria/{i}/from_records");
        let threshold = &rule.full_marks_from;
        if threshold.is_negative() || threshold.is_zero() || threshold > &Exact::from(HUNDRED) {
            findings.add(
                format!("{at}/full_marks_from"),
                "out_of_range",
                "A percentage above 0, at most 100.",
                "Tỷ lệ phần trăm lớn hơn 0, tối đa 100.",
            );
        }
        if !self.children(criterion).is_empty() {
            findings.add(
                at,
                "from_records_on_parent",
                "A criterion with others below it comes from these, not from records.",
                "Tiêu chí có tiêu chí con được tính từ tiêu chí con, không tính từ hồ sơ.",
            );
        } else if criterion.max_points.is_none() {
            findings.add(
                at,
                "from_records_without_maximum",
                "Full marks from a threshold need `max_points`.",
                "Cần `max_points` để tính điểm tối đa từ ngưỡng.",
            );
        } else if criterion.min_points.as_ref().is_some_and(|min| min > &Exact::zero()) {
            findings.add(
                at,
                "from_records_above_zero",
                "A rate of nothing gives no points: `min_points` must not be above zero.",
                "Tỷ lệ bằng 0 cho 0 điểm: `min_points` không được lớn hơn 0.",
            );
        }
    }

    /// What must hold between a parent and its children, by the method that joins them.
    fn check_children(&self, i: usize, parent: &Criterion, findings: &mut Findings) {
        let children = self.children(parent);
        if children.is_empty() {
            return;
        }
        let method = self.edition.method_of(parent);
        // Where nothing says that points are summed, the areas of a weighted total may leave some criteria out.
        let sums = self.edition.method == Method::Points || parent.method.is_some() || self.in_bonus(parent);
        if method == Method::Points {
            self.check_sums(i, parent, sums, findings);
        }
        if method == Method::Normalised
            && parent.max_points.as_ref().is_some_and(|m| m != &Exact::from(SCALE_TOP))
        {
            findings.add(
                format!("/criteria/{i}/max_points"),
                "scale_is_ten",
                "A mean of normalised indicators runs from 1 to 10: `max_points` is 10 or absent.",
                "Trung bình các chỉ tiêu chuẩn hóa chạy từ 1 đến 10: `max_points` là 10 hoặc bỏ trống.",
            );
        }
        self.check_weights(&format!("/criteria/{i}"), Some(&parent.code), method, children, findings);
    }

    /// Bounds of the children make those of the parent. Where they needn't (`all` is false), the maxima of some of
    /// them are still not more than that of the whole.
    fn check_sums(&self, i: usize, parent: &Criterion, all: bool, findings: &mut Findings) {
        type Bound = fn(&Criterion) -> Option<&Exact>;
        let bounds: [(&str, &'static str, Bound); 2] = [
            ("max_points", "maxima_do_not_add_up", |c| c.max_points.as_ref()),
            ("min_points", "minima_do_not_add_up", |c| c.min_points.as_ref()),
        ];
        for (member, code, bound) in bounds {
            let Some(whole) = bound(parent) else { continue };
            let of_maximum = member == "max_points";
            let children = self.children(parent);
            let stated: Vec<&Exact> = children.iter().filter_map(|(_, c)| bound(c)).collect();
            let complete = stated.len() == children.len();
            let sum: Exact = stated.into_iter().sum();
            if all && of_maximum {
                let without = children.iter().filter(|(_, c)| c.max_points.is_none());
                without.for_each(|(place, _)| missing_maximum(*place, findings));
            }
            let fits = match all && complete {
                true => &sum == whole,
                false => !of_maximum || &sum <= whole,
            };
            if !fits {
                let plural = if sum == Exact::from(1) { "" } else { "s" };
                findings.add(
                    format!("/criteria/{i}/{member}"),
                    code,
                    format!("The criteria below make {sum} point{plural}, not {whole}."),
                    format!("Các tiêu chí bên dưới cộng lại được {sum} điểm, không phải {whole}."),
                );
            }
        }
    }

    /// What is a share of a maximum needs the maximum of all that is scored, but for what a method scales.
    fn check_shares(&self, areas: Vec<Placed<'_>>, findings: &mut Findings) {
        let mut next: Vec<(Placed<'_>, bool)> = areas.into_iter().map(|area| (area, false)).collect();
        let (mut seen, mut without) = (HashSet::new(), Vec::new());
        while let Some(((i, criterion), is_told)) = next.pop() {
            if criterion.is_bonus() || self.edition.method_of(criterion) != Method::Points || !seen.insert(i)
            {
                continue;
            }
            let children = self.children(criterion);
            if children.is_empty() && criterion.max_points.is_none() && !is_told {
                without.push(i);
            }
            // Below a maximum each of its parts is looked at by `check_sums`.
            let is_told = criterion.max_points.is_some();
            next.extend(children.iter().map(|child| (*child, is_told)));
        }
        without.sort_unstable();
        without.into_iter().for_each(|i| missing_maximum(i, findings));
    }

    /// Weights below a weighted parent, or of the areas of a weighted total, make 100; a mean of normalised
    /// indicators may have them.
    fn check_weights(
        &self,
        at: &str,
        parent: Option<&str>,
        method: Method,
        children: &[Placed],
        findings: &mut Findings,
    ) {
        let weighed: Vec<&Placed> = children.iter().filter(|(_, c)| !c.is_bonus()).collect();
        let needed = match method {
            Method::Points => false,
            Method::Weighted => true,
            Method::Normalised => weighed.iter().any(|(_, c)| c.weight.is_some()),
        };
        if !needed {
            return;
        }
        for (i, criterion) in weighed.iter().copied() {
            let maximum_is_known = method == Method::Normalised || self.has_maximum(criterion);
            if criterion.weight.is_none() || !maximum_is_known {
                findings.add(
                    format!("/criteria/{i}"),
                    "missing_weight",
                    "A weighted sum needs the weight and the maximum of each of its criteria.",
                    "Tổng theo trọng số cần trọng số và điểm tối đa của mọi tiêu chí.",
                );
            }
        }
        let total: Exact = weighed.iter().filter_map(|(_, c)| c.weight.as_ref()).sum();
        if total != Exact::from(HUNDRED) {
            let (of, of_vi) = match parent {
                Some(code) => (format!("the criteria below `{code}`"), format!("các tiêu chí dưới `{code}`")),
                None => ("the areas".to_owned(), "các lĩnh vực".to_owned()),
            };
            findings.add(
                at,
                "weights_not_100",
                format!("The weights of {of} make {total}, not 100."),
                format!("Tổng trọng số {of_vi} là {total}, không phải 100."),
            );
        }
    }

    /// Whether the most that a criterion can have is stated, or is that of its method.
    fn has_maximum(&self, criterion: &Criterion) -> bool {
        criterion.max_points.is_some()
            || (self.edition.method_of(criterion) != Method::Points && !self.children(criterion).is_empty())
    }
}

/// Which criteria stand below a root, as all must; the others lead into a circle.
///
/// Each is visited once, because a tree may be as deep as the request that made it is long.
fn rooted<'a>(parents: &HashMap<&'a str, Option<&'a str>>) -> HashMap<&'a str, bool> {
    let mut rooted = HashMap::new();
    for code in parents.keys() {
        let mut path = Vec::new();
        let mut at = Some(*code);
        let reached = loop {
            let Some(code) = at else { break true };
            if let Some(known) = rooted.get(code) {
                break *known;
            }
            // Met again on the way up, it closes a circle.
            rooted.insert(code, false);
            path.push(code);
            at = parents.get(code).copied().flatten();
        };
        rooted.extend(path.into_iter().map(|code| (code, reached)));
    }
    rooted
}
