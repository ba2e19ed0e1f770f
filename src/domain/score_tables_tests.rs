//! Score tables: heads, numbers and rows, each read or refused with its place.

use super::*;

fn criterion(code: &str, name: &str, name_en: Option<&str>) -> Criterion {
    serde_json::from_value(serde_json::json!({"code": code, "name": name, "name_en": name_en})).unwrap()
}

fn names() -> CriterionNames {
    CriterionNames::of(&[
        criterion("time_cost", "Chi phí thời gian", Some("Time costs")),
        criterion("land", "Tiếp cận đất đai", None),
        criterion("land-2", "Tiếp cận đất đai", None),
    ])
}

fn line(number: u32, cells: &[&str]) -> FileLine {
    FileLine { number, cells: cells.iter().map(|text| FileCell::Text((*text).to_owned())).collect() }
}

fn heads(cells: &[&str]) -> Result<Heads, Vec<&'static str>> {
    let codes = |wrong: Vec<WrongHead>| wrong.into_iter().map(|(_, violation)| violation.code).collect();
    Heads::read(&line(1, cells), &names(), TableLayout::Auto, None).map_err(codes)
}

fn of(code: &str) -> Option<Role> {
    Some(Role::Of(Some(code.to_owned()), None))
}

#[test]
fn heads_are_known_by_code_and_by_name_without_case_and_marks() {
    let wide =
        heads(&["STT", "Tên đơn vị", "CHI PHI THOI GIAN", "Land", "Tổng điểm", "Xếp hạng", ""]).unwrap();
    assert_eq!(wide.layout, TableLayout::Wide);
    let total = Some(Role::Of(None, None));
    let want = [None, Some(Role::Unit), of("time_cost"), of("land"), total, Some(Role::Rank), None];
    assert_eq!(wide.roles, want);
    assert_eq!(wide.ignored(), ["STT"]);
    let long = heads(&["unit_id", "Tiêu chí", "Điểm", "rank"]).unwrap();
    assert_eq!(long.layout, TableLayout::Long);
    assert_eq!(long.roles, [Some(Role::Unit), Some(Role::Criterion), Some(Role::Score), Some(Role::Rank)]);
    // The column of ids wins over that of names, and exact digits over rounded ones.
    let own = heads(&["Hạng", "Mã đơn vị", "Đơn vị", "Điểm", "Điểm (đủ chữ số)", "Hạng công bố"]).unwrap();
    let total = Some(Role::Of(None, None));
    assert_eq!(own.roles, [None, Some(Role::Unit), None, None, total, Some(Role::Rank)]);
}

#[test]
fn heads_that_say_too_little_or_too_much_are_refused() {
    assert_eq!(heads(&["Bảng điểm năm 2016"]), Err(vec!["no_unit_column"]));
    assert_eq!(heads(&["unit", "Ghi chú"]), Err(vec!["no_score_column"]));
    assert_eq!(heads(&["unit", "Tiếp cận đất đai"]), Err(vec!["ambiguous_criterion"]));
    assert_eq!(heads(&["unit", "time_cost", "Time costs"]), Err(vec!["duplicate_column"]));
    let long = Heads::read(&line(1, &["unit", "time_cost"]), &names(), TableLayout::Long, None);
    assert_eq!(long.unwrap_err().len(), 2);
    let named = Heads::read(&line(1, &["Sở", "land"]), &names(), TableLayout::Auto, Some("so"));
    assert_eq!(named.unwrap().roles, [Some(Role::Unit), of("land")]);
}

/// The scores of a row as texts, and the codes of what is wrong.
type Told = (Vec<(Option<String>, String, Option<i32>)>, Vec<(usize, &'static str)>);

fn told(cells: &[&str], row: &[&str], mark: DecimalMark) -> Option<Told> {
    let row = heads(cells).unwrap().line(&line(2, row), &names(), mark)?;
    let values = row.values.into_iter().map(|v| {
        assert_eq!(v.applicable, v.score.is_some());
        (
            v.criterion,
            v.score.map_or("not applicable".to_owned(), |score| score.to_string()),
            v.published_rank,
        )
    });
    Some((values.collect(), row.wrong.into_iter().map(|w| (w.column, w.violation.code)).collect()))
}

fn value(criterion: Option<&str>, score: &str, rank: Option<i32>) -> (Option<String>, String, Option<i32>) {
    (criterion.map(str::to_owned), score.to_owned(), rank)
}

#[test]
fn a_wide_row_has_a_score_a_column_and_blanks_are_none() {
    let cells = ["unit", "time_cost", "land", "total", "rank"];
    let wide = |row: &[&str], mark| told(&cells, row, mark);
    let point = DecimalMark::Point;
    let want = vec![value(Some("time_cost"), "7.5", None), value(None, "64.96", Some(3))];
    assert_eq!(wide(&["x", "7.50", " - ", "64.96", "3.0"], point), Some((want, vec![])));
    assert_eq!(wide(&["Ghi chú", "", "", "", ""], point), None);
    assert_eq!(
        wide(&["x", "7,5", "1.2.3", "nan", "0"], point).unwrap().1,
        [(4, "not_a_rank"), (1, "decimal_comma"), (2, "not_a_number"), (3, "not_a_number")]
    );
    assert_eq!(wide(&["x", "", "", "", "3"], point), Some((vec![], vec![(4, "rank_without_score")])));
    let comma = wide(&["x", "7,5", "1.234", "1,2,3", ""], DecimalMark::Comma).unwrap();
    assert_eq!(comma.0, [value(Some("time_cost"), "7.5", None)]);
    assert_eq!(comma.1, [(2, "decimal_point"), (3, "not_a_number")]);
}

#[test]
fn a_cell_may_say_that_nothing_applies() {
    let wide = |cell: &str| told(&["unit", "time_cost"], &["x", cell], DecimalMark::Point).unwrap().0;
    for cell in ["Không áp dụng", "KAD", "n/a", " N/A "] {
        assert_eq!(wide(cell), [value(Some("time_cost"), "not applicable", None)], "{cell}");
    }
    let cells = ["unit", "criterion", "score", "applicable", "stage"];
    let long = |row: &[&str]| told(&cells, row, DecimalMark::Point);
    let out = vec![value(Some("time_cost"), "not applicable", None)];
    assert_eq!(long(&["x", "time_cost", "", "false", ""]), Some((out, vec![])));
    assert_eq!(long(&["x", "time_cost", "", "true", "self"]), None);
    assert_eq!(long(&["x", "time_cost", "1", "perhaps", ""]), Some((vec![], vec![(3, "not_a_truth_value")])));
    assert_eq!(long(&["x", "time_cost", "1", "", "end"]), Some((vec![], vec![(4, "unknown_stage")])));
}

#[test]
fn a_row_of_a_long_table_may_say_its_stage() {
    let heads = heads(&["unit", "criterion", "Điểm", "Giai đoạn"]).unwrap();
    let stage = |text: &str| {
        let row = line(2, &["x", "time_cost", "1", text]);
        heads.line(&row, &names(), DecimalMark::Point).unwrap().values[0].stage
    };
    assert_eq!(stage("Thẩm định"), Some(ScoreStage::Appraised));
    assert_eq!((stage("self"), stage("")), (Some(ScoreStage::SelfAssessed), None));
}

#[test]
fn a_head_of_a_wide_table_may_name_a_stage() {
    let own = heads(&["unit", "Time costs (Thẩm định)", "Chi phí thời gian (14,5 điểm) (self)"]).unwrap();
    let staged = |stage| Some(Role::Of(Some("time_cost".to_owned()), Some(stage)));
    assert_eq!(own.roles[1..], [staged(ScoreStage::Appraised), staged(ScoreStage::SelfAssessed)]);
    assert!(own.says_stages());
    assert_eq!(
        heads(&["unit", "time_cost (self)", "Time costs (Tự đánh giá)"]),
        Err(vec!["duplicate_column"])
    );
    assert_eq!(heads(&["unit", "Tổng (final)", "Tổng điểm (final)"]), Err(vec!["duplicate_column"]));
    assert_eq!(heads(&["unit", "Tiếp cận đất đai (self)"]), Err(vec!["ambiguous_criterion"]));
    assert!(!heads(&["unit", "time_cost", "Time costs (lần 2)"]).unwrap().says_stages());
    // The rank is that of the last total of the row.
    let cells = ["unit", "Tổng điểm (final)", "Tổng điểm (self)", "Hạng công bố"];
    let row = |row: &[&str]| told(&cells, row, DecimalMark::Point).unwrap().0;
    assert_eq!(row(&["x", "9", "8", "3"]), [value(None, "9", Some(3)), value(None, "8", None)]);
    assert_eq!(row(&["x", "", "8", "3"]), [value(None, "8", Some(3))]);
}

#[test]
fn a_head_may_name_points_and_a_number_column_that_is_nothing_is_found() {
    let head = [
        "STT",
        "Đơn vị",
        "Chi phí thời gian (14,5 điểm)",
        "Tổng điểm (100 điểm)",
        "ZZ",
        "Số phiếu",
        "Ghi chú",
    ];
    let heads = heads(&head).unwrap();
    assert_eq!(heads.roles[2..5], [of("time_cost"), Some(Role::Of(None, None)), None]);
    let rows =
        [line(2, &["1", "x", "9", "9", "7.5", "3", "a"]), line(3, &["2", "y", "8", "8", "-", "4", ""])];
    let unknown = |greatest: Option<i64>| {
        let greatest = greatest.map(Exact::from);
        crate::domain::score_table_heads::unknown_columns(
            &heads,
            &rows,
            DecimalMark::Point,
            greatest.as_ref(),
        )
    };
    assert_eq!((unknown(None), unknown(Some(10))), (vec![4], vec![4]));
    assert_eq!(unknown(Some(7)), [0; 0], "more than any criterion can have");
}

#[test]
fn a_long_row_has_one_score() {
    let cells = ["unit", "criterion", "score", "rank"];
    let long = |row: &[&str]| told(&cells, row, DecimalMark::Point);
    assert_eq!(
        long(&["x", "Time costs", "9", "1"]),
        Some((vec![value(Some("time_cost"), "9", Some(1))], vec![]))
    );
    for total in ["_total", "Tổng điểm", ""] {
        assert_eq!(long(&["x", total, "9", ""]), Some((vec![value(None, "9", None)], vec![])), "{total}");
    }
    assert_eq!(long(&["x", "water", "9", ""]), Some((vec![], vec![(1, "unknown_criterion")])));
    assert_eq!(long(&["x", "land", "", ""]), None);
}
