//! Lists: pages in every order, cursors, totals and links.

use std::cmp::Ordering;

use serde_json::{Value, json};

use crate::support::{
    api_test,
    app::App,
    client::encoded,
    records::{DOSSIERS, UNITS, dossier, unit, with},
};

/// Many records with ties and absent values in every sort column, made in no order.
const RECORDS: usize = 200;

fn shuffled() -> impl Iterator<Item = usize> {
    // 77 has no divisor in common with 200.
    (0..RECORDS).map(|i| (i * 77 + 13) % RECORDS)
}

fn make_units(app: &App) -> Vec<Value> {
    let names = ["Đà Nẵng", "Dầu", "Ân", "Anh", "Ăn", "Ea", "ea", "Hà Nội", "Hạ", "Z"];
    shuffled()
        .map(|i| {
            let coded = i % 3 != 0;
            let record = with(
                unit(&format!("u{i:03}")),
                json!({
                    "name": names[i % names.len()],
                    "code": coded.then(|| format!("{}", i % 41)),
                    "code_scheme": coded.then(|| format!("s{i}")),
                    "valid_from": (i % 4 != 0).then(|| format!("20{:02}-01-01", i % 7 + 10)),
                }),
            );
            app.post(UNITS, &record).expect(201).json
        })
        .collect()
}

fn make_dossiers(app: &App) -> Vec<Value> {
    app.make_units(&["u"]);
    shuffled()
        .map(|i| {
            let accepted = i % 9 != 0;
            let finished = accepted && i % 2 == 0;
            let code = ["D", "d", "Đ", "_", "0"][i % 5];
            let record = with(dossier(&format!("{code}-{i:03}"), "u"), json!({
                "accepted_at": accepted.then(|| format!("2020-03-{:02}T08:00:00+07:00", i % 12 + 1)),
                "due_at": (accepted && i % 5 != 0).then(|| format!("2020-04-{:02}T08:00:00+07:00", i % 12 + 1)),
                "finished_at": finished.then(|| format!("2020-03-{:02}T09:00:00+07:00", i % 14 + 13)),
                "status": if !accepted { 1 } else if finished { 9 } else { 4 },
            }));
            app.post(DOSSIERS, &record).expect(201).json
        })
        .collect()
}

/// The keys of all pages of 37, each key once.
fn walk(app: &App, collection: &str, key: &str, query: &str) -> Vec<String> {
    let mut path = format!("{collection}?limit=37&{query}");
    let mut keys = Vec::new();
    loop {
        let page = app.get(&path).expect(200);
        keys.extend(page.each(key).into_iter().map(str::to_owned));
        let Some(cursor) = page.json["next_cursor"].as_str() else {
            assert_eq!(page.header("link"), "");
            return keys;
        };
        assert_eq!(page.each(key).len(), 37);
        let link = format!("<{collection}?limit=37&{query}&cursor={cursor}>; rel=\"next\"");
        assert_eq!(page.header("link"), link);
        path = format!("{collection}?limit=37&{query}&cursor={cursor}");
        assert!(keys.len() <= RECORDS, "{query}: the pages don't end");
    }
}

/// How a sort key orders two records; records without a value come last in either direction.
type Compare = fn(&Value, &Value) -> Ordering;

fn in_order(records: &[Value], key: &str, member: &str, compare: Compare, descending: bool) -> Vec<String> {
    let mut records: Vec<&Value> = records.iter().collect();
    let text = |record: &Value, name: &str| record[name].as_str().unwrap_or_default().to_owned();
    records.sort_by(|a, b| {
        let nulls = a[member].is_null().cmp(&b[member].is_null());
        let values = compare(&a[member], &b[member]).then_with(|| text(a, key).cmp(&text(b, key)));
        nulls.then(if descending { values.reverse() } else { values })
    });
    records.iter().map(|record| text(record, key)).collect()
}

fn bytes(a: &Value, b: &Value) -> Ordering {
    a.as_str().unwrap_or_default().cmp(b.as_str().unwrap_or_default())
}

fn alphabet(a: &Value, b: &Value) -> Ordering {
    chiso::domain::text::compare(a.as_str().unwrap(), b.as_str().unwrap())
}

fn numbers(a: &Value, b: &Value) -> Ordering {
    a.as_i64().cmp(&b.as_i64())
}

fn every_order(app: &App, collection: &str, key: &str, records: &[Value], sorts: &[(&str, Compare)]) {
    for (sort, compare) in sorts {
        for descending in [false, true] {
            let sign = if descending { "-" } else { "" };
            let want = in_order(records, key, sort, *compare, descending);
            assert_eq!(walk(app, collection, key, &format!("sort={sign}{sort}")), want, "{sign}{sort}");
        }
    }
}

api_test!(pages_of_units_lose_and_double_nothing_in_any_order, |app| {
    let records = make_units(app);
    let sorts: [(&str, Compare); 4] =
        [("id", bytes), ("name", alphabet), ("code", bytes), ("valid_from", bytes)];
    every_order(app, UNITS, "id", &records, &sorts);
});

api_test!(pages_of_dossiers_lose_and_double_nothing_in_any_order, |app| {
    let records = make_dossiers(app);
    let sorts: [(&str, Compare); 5] = [
        ("code", bytes),
        ("accepted_at", bytes),
        ("due_at", bytes),
        ("finished_at", bytes),
        ("status", numbers),
    ];
    every_order(app, DOSSIERS, "code", &records, &sorts);
    let open: Vec<Value> = records.iter().filter(|r| r["status"] == 4).cloned().collect();
    let want = in_order(&open, "code", "due_at", bytes, true);
    assert_eq!(walk(app, DOSSIERS, "code", "sort=-due_at&status=4&q=-"), want);
});

api_test!(a_page_goes_on_where_it_was_although_records_come_and_go, |app| {
    for i in 0..6 {
        app.make_units(&[&format!("u{i}")]);
    }
    let first = app.get(&format!("{UNITS}?limit=3")).expect(200);
    assert_eq!(first.each("id"), ["u0", "u1", "u2"]);
    app.delete("/api/v1/units/u2").expect(204);
    app.make_units(&["u00", "u35"]);
    let cursor = first.json["next_cursor"].as_str().unwrap();
    let rest = app.get(&format!("{UNITS}?limit=9&cursor={cursor}")).expect(200);
    assert_eq!(rest.each("id"), ["u3", "u35", "u4", "u5"]);
});

api_test!(a_cursor_belongs_to_its_filters_and_its_sort, |app| {
    app.make_units(&["a", "b", "c"]);
    let page = app.get(&format!("{UNITS}?limit=1&level=commune&sort=name")).expect(200);
    let cursor = page.json["next_cursor"].as_str().unwrap();
    let same = app.get(&format!("{UNITS}?limit=500&level=commune&sort=name&cursor={cursor}")).expect(200);
    assert_eq!(same.each("id"), ["b", "c"], "the limit may differ");
    for query in [
        "level=commune",
        "level=commune&sort=-name",
        "level=province&sort=name",
        "sort=name",
        "level=commune&sort=name&q=a",
        "level=commune&sort=name&code=1",
    ] {
        let refused = app.get(&format!("{UNITS}?{query}&cursor={cursor}")).expect(400);
        assert_eq!(refused.violations(), [("cursor", "invalid_cursor")], "{query}");
    }
    let of_dossiers = app.get(&format!("{DOSSIERS}?sort=status&cursor={cursor}")).expect(400);
    assert_eq!(of_dossiers.violations(), [("cursor", "invalid_cursor")]);
});

api_test!(a_forged_cursor_is_refused, |app| {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    app.make_units(&["u"]);
    for code in ["A", "B", "C"] {
        app.post(DOSSIERS, &dossier(code, "u")).expect(201);
    }
    let path = format!("{DOSSIERS}?limit=1&sort=due_at");
    let page = app.get(&path).expect(200);
    let cursor = page.json["next_cursor"].as_str().unwrap();
    let token: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(cursor).unwrap()).unwrap();
    for (member, value) in [
        ("value", json!("tno moment")),
        ("value", json!("d2020-01-01")),
        ("value", json!("o1")),
        ("value", json!("b99999999999999999999")),
        ("value", json!("")),
        ("value", json!("t\u{0}")),
        ("key", json!("a\u{0}b")),
        ("v", json!(2)),
        ("sort", json!("code")),
    ] {
        let forged = URL_SAFE_NO_PAD.encode(with(token.clone(), json!({member: value})).to_string());
        let refused = app.get(&format!("{path}&cursor={forged}")).expect(400);
        assert_eq!(refused.violations(), [("cursor", "invalid_cursor")], "{member} {value}");
    }
    for text in ["x", "%00", "e30", "", &"A".repeat(5000)] {
        app.get(&format!("{path}&cursor={text}")).expect(400);
    }
});

api_test!(the_total_counts_what_the_filters_leave_on_every_page, |app| {
    app.make_units(&["a", "b", "c"]);
    app.post(UNITS, &with(unit("p"), json!({"level": "province"}))).expect(201);
    let page = app.get(&format!("{UNITS}?with_total=true&level=commune&limit=1")).expect(200);
    assert_eq!(page.json["total"], 3);
    let cursor = page.json["next_cursor"].as_str().unwrap();
    let next = app.get(&format!("{UNITS}?with_total=true&level=commune&limit=1&cursor={cursor}")).expect(200);
    assert_eq!(next.json["total"], 3);
    assert!(app.get(UNITS).json.get("total").is_none());
    assert!(app.get(&format!("{UNITS}?with_total=false")).json.get("total").is_none());
});

api_test!(the_next_link_keeps_the_query_and_leads_on, |app| {
    for i in 0..3 {
        app.post(UNITS, &with(unit(&format!("u{i}")), json!({"name": format!("Xã Đông & Tây {i}")})))
            .expect(201);
    }
    let query = format!("q={}&limit=1&sort=-name", encoded("đông & tây"));
    let first = app.get(&format!("{UNITS}?{query}")).expect(200);
    assert_eq!(first.each("id"), ["u2"]);
    let link = first.header("link").trim_start_matches('<').trim_end_matches(">; rel=\"next\"");
    assert_eq!(app.get(link).expect(200).each("id"), ["u1"]);
});

api_test!(a_page_has_fifty_records_unless_told, |app| {
    for i in 0..51 {
        app.make_units(&[&format!("u{i:02}")]);
    }
    assert_eq!(app.get(UNITS).each("id").len(), 50);
    assert_eq!(app.get(&format!("{UNITS}?limit=500")).each("id").len(), 51);
    assert_eq!(app.get(&format!("{UNITS}?limit=51")).json["next_cursor"], Value::Null);
});
