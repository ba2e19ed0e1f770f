//! Every filter of every list: it leaves records that have the value, and none when no record has it.

use chiso::sample::Extent;
use serde_json::{Value, json};

use crate::{
    sample::load,
    support::{api_test, app::App, client::encoded},
};

/// List, filter, a value that records of the sample have, and one that none has.
const FILTERS: &[(&str, &str, &str, &str)] = &[
    ("units", "code", "874", "0"),
    ("units", "code_scheme", "gso", "x"),
    ("units", "name", "Huyện Thanh Bình", "Huyện"),
    ("units", "level", "district", "other"),
    ("units", "parent_id", "gso-87", "x"),
    ("units", "valid_from", "2025-07-01", "2025-07-02"),
    ("units", "valid_to", "2025-07-01", "2025-07-02"),
    ("indexes", "name", "Chỉ số cải cách hành chính", "Chỉ số"),
    ("indexes", "name_en", "Provincial Competitiveness Index", "Index"),
    ("indexes/pci/editions", "year", "2016", "2012"),
    ("indexes/pci/editions", "framework", "pci-2013", "x"),
    ("indexes/pci/editions", "status", "published", "draft"),
    ("indexes/pci/editions", "unit_of_measure", "points", "percent"),
    ("indexes/pci/editions", "tie_rule", "competition", "dense"),
    ("indexes/pci/editions", "method", "weighted", "points"),
    ("index-scores", "index_code", "pci", "x"),
    ("index-scores", "year", "2016", "2012"),
    ("index-scores", "unit_id", "gso-87", "gso25-82"),
    ("index-scores", "criterion", "transparency", "x"),
    ("index-scores", "stage", "final", "self"),
    ("index-scores", "applicable", "true", "false"),
    ("index-scores", "published_rank", "3", "64"),
    ("index-scores", "source", "VCCI, PCI; mdtrinh/vietnamdata (CC0)", "VCCI"),
    ("commendations", "issuer_unit_id", "gso-874", "gso-87"),
    ("commendations", "form", "giay_khen", "bang_khen"),
    ("commendations", "achievement_year", "2020", "2019"),
    ("commendations", "decision_number", "7/QĐ-UBND", "8/QĐ-UBND"),
    ("commendations", "decided_on", "2021-02-01", "2021-02-02"),
    ("reported-figures", "unit_id", "gso-874", "gso-87"),
    ("reported-figures", "measure", "par.rank_change", "x"),
    ("reported-figures", "period", "2020", "2018"),
    ("reported-figures", "base_period", "2019", "2020"),
    ("reported-figures", "value", "3.50", "3.5"),
    ("reported-figures", "unit_of_measure", "band", "percent"),
    ("reported-figures", "unit_is_assumed", "true", ""),
    ("reported-figures", "review_year", "2020", "2019"),
    ("calendars", "name", "Lịch làm việc chung của cơ quan nhà nước", "Lịch"),
    ("calendars", "version", "1", "2"),
    ("procedures", "name", "Thủ tục đăng ký khai sinh", "Thủ tục"),
    ("procedures", "field", "HỘ TỊCH", "HỘ"),
    ("procedures", "level", "commune", "province"),
    ("procedures", "term_text", "12 ngày làm việc", "12 ngày"),
    ("improvement-actions", "kind", "initiative", ""),
    ("improvement-actions", "status", "open", "done"),
    ("improvement-actions", "owner_unit_id", "gso-874", "gso-87"),
    ("improvement-actions", "review_unit_id", "gso-874", "gso-87"),
    ("improvement-actions", "review_year", "2020", "2019"),
    ("improvement-actions", "index_code", "par", "pci"),
    ("improvement-actions", "criterion", "transparency", "x"),
    ("improvement-actions", "due_on", "2021-12-31", "2021-12-30"),
];

fn items(app: &App, list: &str, filter: &str, value: &str) -> Vec<Value> {
    let path = format!("/api/v1/{list}?limit=500&{filter}={}", encoded(value));
    app.get(&path).expect(200).json["items"].as_array().unwrap().clone()
}

api_test!(every_filter_leaves_what_has_its_value, |app| {
    load(app, Extent::WithoutDossiers);
    let decision = json!({
        "decision_number": "7/QĐ-UBND", "decided_on": "2021-02-01", "issuer_unit_id": "gso-874", "form": "giay_khen",
        "ground": "Thành tích", "achievement_year": 2020, "recipients": [{"kind": "collective"}]
    });
    app.post("/api/v1/commendations", &decision).expect(201);
    let action = json!({
        "kind": "plan_task", "title": "Công khai thông tin", "owner_unit_id": "gso-87", "index_code": "pci",
        "criterion": "transparency"
    });
    app.post("/api/v1/improvement-actions", &action).expect(201);
    for (list, filter, has, lacks) in FILTERS {
        let found = items(app, list, filter, has);
        assert!(!found.is_empty(), "{list} {filter}={has}");
        for item in found {
            let told = item[*filter].as_str().map_or_else(|| item[*filter].to_string(), str::to_owned);
            assert_eq!(told, *has, "{list} {filter}: {item}");
        }
        // Some values are had by no record only once others were written above.
        let others = if lacks.is_empty() { Vec::new() } else { items(app, list, filter, lacks) };
        let strange = others.iter().filter(|item| item[*filter] != json!(lacks)).count();
        assert_eq!(strange, 0, "{list} {filter}={lacks}");
    }
});

api_test!(days_of_dossiers_are_vietnamese_and_both_ends_are_in, |app| {
    app.make_units(&["u"]);
    app.post(
        "/api/v1/dossiers",
        &json!({
            "code": "A", "unit_id": "u", "submitted_via": "online", "status": 9,
            "accepted_at": "2020-03-05T17:00:00Z", "due_at": "2020-03-09T16:59:59Z", "finished_at": "2020-03-10T16:59:59Z"
        }),
    )
    .expect(201);
    for (name, day, before, after) in [
        ("accepted", "2020-03-06", "2020-03-05", "2020-03-07"),
        ("due", "2020-03-09", "2020-03-08", "2020-03-10"),
        ("finished", "2020-03-10", "2020-03-09", "2020-03-11"),
    ] {
        for (query, count) in [
            (format!("{name}_from={day}&{name}_to={day}"), 1),
            (format!("{name}_from={after}"), 0),
            (format!("{name}_to={before}"), 0),
        ] {
            let found = app.get(&format!("/api/v1/dossiers?{query}")).expect(200);
            assert_eq!(found.each("code").len(), count, "{query}");
        }
    }
});
