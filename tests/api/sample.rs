//! The sample: it adds up to the review of Thanh Bình, and its PCI ranks are the published ones.

use std::collections::HashMap;

use chiso::{
    domain::time::Moment,
    sample::{self, Extent, Loaded},
};
use serde_json::{Value, json};

use crate::support::{api_test, app::App, client::encoded, database_test, plain_test};

/// Loads a part of the sample.
pub fn load(app: &App, extent: Extent) -> Loaded {
    let store = app.store.clone();
    actix_web::rt::System::new()
        .block_on(async move { sample::load(&store, extent, Moment::now()).await })
        .unwrap()
}

fn by<'a>(list: &'a Value, member: &str, value: &str) -> &'a Value {
    let found = list.as_array().unwrap().iter().find(|item| item[member] == value);
    found.unwrap_or_else(|| panic!("no {member} {value} in {list}"))
}

api_test!(the_review_shows_every_reported_figure_beside_its_computed_one, |app| {
    assert_eq!(load(app, Extent::All), Loaded::Records(116_709));
    let review = app.get("/api/v1/reviews/gso-874/2020").expect(200).json;
    let total = &review["dossiers"]["total"];
    assert_eq!(
        total["received"],
        json!({"total": 113468, "in_person": 113200, "online": 266, "postal": 0, "home_appointment": 2, "in_person_or_postal": 0})
    );
    assert_eq!(total["resolved"]["unclassified"], 43073);
    assert_eq!(total["resolved"]["late"], 0);
    assert_eq!(total["open"]["total"], 0);
    assert_eq!(
        total["of_which"],
        json!({"interlinked": 1819, "returned_by_post": 4046, "synthetic": 113468, "re_appointed_kept": 0})
    );
    assert_eq!(
        total["rates"]["on_time_of_resolved"].to_string(),
        r#"{"value":0.6204,"numerator":70395,"denominator":113468,"base":"resolved"}"#
    );
    for measure in [
        "dossiers.received",
        "dossiers.received.district",
        "dossiers.received.commune",
        "dossiers.on_time",
        "dossiers.late",
        "dossiers.online",
        "dossiers.interlinked",
        "dossiers.returned_by_post",
        "dossiers.home_appointment",
        "commendations.collectives",
        "commendations.individuals",
    ] {
        let compared = by(&review["reported"], "measure", measure);
        assert_eq!((&compared["agrees"], &compared["difference"]), (&json!(true), &json!("0")), "{compared}");
    }
    for measure in ["par.score_change", "par.rank_change", "ddci.score_change", "ddci.band"] {
        let compared = by(&review["reported"], "measure", measure);
        assert_eq!(compared["agrees"], Value::Null, "{compared}");
        assert_eq!(compared["computed_missing_because"], "no_scores", "{compared}");
    }
    let par = by(&review["indexes"], "index_code", "par");
    assert_eq!(par["year"], 2020);
    assert_eq!(
        par["reported"],
        json!({"score_change": {"value": "1.04", "unit": "percentage_points", "unit_is_assumed": true}, "rank_change": -2})
    );
    assert_eq!((&par["computed"], &par["computed_missing_because"]), (&Value::Null, &json!("no_scores")));
    let ddci = by(&review["indexes"], "index_code", "ddci");
    assert_eq!((&ddci["year"], &ddci["reported"]["band"]), (&json!(2019), &json!("Khá tốt")));
    assert_eq!(ddci["reported"]["score_change"]["value"], "3.50");
    assert_eq!(review["commendations"], json!({"collectives": 6, "individuals": 6}));
    assert_eq!(review["improvement_actions"].as_array().unwrap().len(), 4);
    let check = by(&review["checks"], "code", "classified_equals_resolved");
    assert_eq!(
        check,
        &json!({"code": "classified_equals_resolved", "holds": false, "left": 70395, "right": 113468, "difference": -43073})
    );
    let failing = review["checks"].as_array().unwrap().iter().filter(|c| c["holds"] == false).count();
    assert_eq!(failing, 2, "{}", review["checks"]);

    the_kinds_of_dossiers_are_those_of_the_review(app);

    // One more record moves the computed figure; nothing is written down as a result.
    let late = json!({
        "code": "LATE-1", "unit_id": "gso-874", "submitted_via": "in_person", "status": 9,
        "accepted_at": "2020-05-05T08:00:00+07:00", "due_at": "2020-05-08T17:00:00+07:00",
        "finished_at": "2020-05-11T09:00:00+07:00"
    });
    app.post("/api/v1/dossiers", &late).expect(201);
    let review = app.get("/api/v1/reviews/gso-874/2020").expect(200).json;
    assert_eq!(review["dossiers"]["total"]["resolved"]["late"], 1);
    let received = by(&review["reported"], "measure", "dossiers.received");
    assert_eq!((&received["agrees"], &received["difference"]), (&json!(false), &json!("1")));

    // A statutory year ends on 14 December, and so do the synthetic dossiers.
    let review = app.get("/api/v1/reviews/gso-874/2020?calendar=statutory").expect(200).json;
    assert_eq!(review["dossiers"]["total"]["received"]["total"], 113469);
    assert_eq!(review["period"], json!({"from": "2019-12-15", "to": "2020-12-14", "calendar": "statutory"}));
    assert_eq!(load(app, Extent::All), Loaded::Nothing);
    app.get("/api/v1/reviews/no-such-unit/2020").expect(404);
});

/// Online ones are of level 3 or 4; interlinked and home appointments belong to the fields that the review names.
fn the_kinds_of_dossiers_are_those_of_the_review(app: &App) {
    let count = |filters: &str| {
        let path = format!("/api/v1/dossiers?under=gso-874&limit=1&with_total=true&{filters}");
        app.get(&path).expect(200).json["total"].as_i64().unwrap()
    };
    assert_eq!(count("synthetic=true"), 113_468);
    assert_eq!(count("submitted_via=online"), 266);
    assert_eq!(
        count("submitted_via=online&online_level=3") + count("submitted_via=online&online_level=4"),
        266
    );
    let of_fields = |filter: &str, fields: &[&str]| -> i64 {
        fields.iter().map(|field| count(&format!("{filter}&field={}", encoded(field)))).sum()
    };
    assert_eq!(
        of_fields("interlinked=true", &["Đăng ký hộ kinh doanh", "Đất đai", "Xây dựng", "Thuế"]),
        1819
    );
    assert_eq!(of_fields("submitted_via=home_appointment", &["Đăng ký hộ kinh doanh"]), 2);
    let units =
        app.get("/api/v1/dossier-statistics?unit_id=gso-874&period=2020&group_by=unit").expect(200).json;
    assert_eq!(units["rows"].as_array().unwrap().len(), 14);
    assert_eq!(count("accepted_to=2020-12-14"), 113_468);
    assert_eq!(count("accepted_to=2019-12-31"), 0);
}

/// The rows of the file, read here by itself.
fn published() -> Vec<HashMap<String, String>> {
    let file = std::fs::read_to_string("src/sample/data/pci_scores.csv").unwrap();
    csv::Reader::from_reader(file.as_bytes()).deserialize().map(Result::unwrap).collect()
}

/// The digits of a decimal text without trailing zeros.
fn digits(text: &str) -> &str {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text }
}

api_test!(pci_ranks_of_all_252_rows_equal_the_published_ones, |app| {
    load(app, Extent::WithoutDossiers);
    let mut ranks: HashMap<(i64, String), i64> = HashMap::new();
    let mut rows = 0;
    for year in 2013..=2016 {
        let base = if year == 2013 { "none".to_owned() } else { (year - 1).to_string() };
        let ranking = app
            .get(&format!("/api/v1/indexes/pci/rankings/{year}?base_year={base}&include=components"))
            .expect(200)
            .json;
        assert_eq!((&ranking["cohort_size"], &ranking["unranked"]), (&json!(63), &json!([])));
        let standings: HashMap<&str, &Value> = ranking["standings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|s| (s["unit_id"].as_str().unwrap(), s))
            .collect();
        for row in published().iter().filter(|row| row["year"] == year.to_string()) {
            let standing = standings[row["unit_id"].as_str()];
            let rank: i64 = row["published_rank"].parse().unwrap();
            assert_eq!(
                (&standing["rank"], &standing["published_rank"]),
                (&json!(rank), &json!(rank)),
                "{row:?}"
            );
            assert_eq!(standing["score_exact"], digits(&row["score"]), "{row:?}");
            assert_eq!(standing["band"], row["published_tier"].as_str(), "{row:?}");
            assert_eq!(standing["total_source"], "stored");
            match ranks.get(&(year - 1, row["unit_id"].clone())) {
                Some(before) => {
                    assert_eq!(standing["delta"]["rank_change"], before - rank, "{row:?}");
                    let direction = match before.cmp(&rank) {
                        std::cmp::Ordering::Greater => "up",
                        std::cmp::Ordering::Less => "down",
                        std::cmp::Ordering::Equal => "same",
                    };
                    assert_eq!(standing["delta"]["direction"], direction);
                }
                None => assert_eq!(standing["delta"]["direction"], "new"),
            }
            let residual = by(&standing["components"], "kind", "residual");
            let residual: f64 = residual["contribution_exact"].as_str().unwrap().parse().unwrap();
            assert!(residual.abs() < 0.00001, "{row:?}: {residual}");
            ranks.insert((year, row["unit_id"].clone()), rank);
            rows += 1;
        }
    }
    assert_eq!(rows, 252);
});

api_test!(a_score_can_rise_while_its_rank_falls, |app| {
    load(app, Extent::WithoutDossiers);
    let mut found = 0;
    for year in 2014..=2016 {
        let ranking = app.get(&format!("/api/v1/indexes/pci/rankings/{year}")).expect(200).json;
        found += ranking["standings"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|s| {
                s["delta"]["direction"] == "down"
                    && !s["delta"]["score_exact"].as_str().unwrap().starts_with('-')
            })
            .count();
    }
    // Counted from the file by hand: the same years, the same rule.
    let rows = published();
    let of = |year: i64, unit: &str| -> Option<(f64, i64)> {
        let row = rows.iter().find(|r| r["year"] == year.to_string() && r["unit_id"] == unit)?;
        Some((row["score"].parse().unwrap(), row["published_rank"].parse().unwrap()))
    };
    let mut want = 0;
    for row in &rows {
        let year: i64 = row["year"].parse().unwrap();
        let Some((base_score, base_rank)) = of(year - 1, &row["unit_id"]) else { continue };
        let (score, rank) = of(year, &row["unit_id"]).unwrap();
        want += usize::from(score > base_score && rank > base_rank);
    }
    assert!(want > 0);
    assert_eq!(found, want);
});

api_test!(the_sample_knows_what_became_of_a_split_commune, |app| {
    load(app, Extent::WithoutDossiers);
    let lineage = app.get("/api/v1/units/gso-30157/lineage").expect(200).json;
    let successors: Vec<(&str, &str)> = lineage["successors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| (s["unit_id"].as_str().unwrap(), s["extent"].as_str().unwrap()))
        .collect();
    assert_eq!(successors, [("gso25-30130", "part"), ("gso25-30157", "part")]);
    let lineage = app.get("/api/v1/units/gso25-30154/lineage").expect(200).json;
    let predecessors: Vec<(&str, &str)> = lineage["predecessors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| (p["unit_id"].as_str().unwrap(), p["extent"].as_str().unwrap()))
        .collect();
    // Five communes of Thanh Bình, and a part of one of Hồng Ngự district.
    assert_eq!(
        predecessors,
        [
            ("gso-29995", "part"),
            ("gso-30133", "whole"),
            ("gso-30136", "whole"),
            ("gso-30151", "whole"),
            ("gso-30154", "whole"),
            ("gso-30166", "whole")
        ]
    );
    let lineage = app.get("/api/v1/units/gso25-82/lineage").expect(200).json;
    assert_eq!(lineage["predecessors"].as_array().unwrap().len(), 2);
    let codes = |day: &str| app.get(&format!("/api/v1/units?code=82&as_of={day}")).expect(200);
    assert_eq!(codes("2025-06-30").each("id"), ["gso-82"]);
    assert_eq!(codes("2025-07-01").each("id"), ["gso25-82"]);
});

api_test!(a_province_of_the_sample_goes_by_the_name_of_the_year, |app| {
    load(app, Extent::WithoutDossiers);
    let province = app.get("/api/v1/units/gso-46").expect(200).json;
    assert_eq!(province["name"], "Thành phố Huế");
    assert_eq!(province["former_names"], json!([{"name": "Tỉnh Thừa Thiên Huế", "until": "2025-01-01"}]));
    assert_eq!(app.get("/api/v1/units?q=thua%20thien").expect(200).each("id"), ["gso-46"]);
    for year in 2013..=2016 {
        let ranking = app.get(&format!("/api/v1/indexes/pci/rankings/{year}")).expect(200).json;
        let standing = by(&ranking["standings"], "unit_id", "gso-46");
        assert_eq!(standing["unit_name"], "Tỉnh Thừa Thiên Huế", "{year}");
    }
    let import = "/api/v1/indexes/pci/editions/2016/score-imports?dry_run=true";
    let table = "Tỉnh,Tổng điểm\nThừa Thiên Huế,59.68080520629883\nĐồng Nai,58.1953125\n";
    let looked = app.ask("POST", import).header("content-type", "text/csv").raw(table).send();
    let looked = looked.expect(200).json;
    let units: Vec<&str> =
        looked["scores"].as_array().unwrap().iter().map(|s| s["unit_id"].as_str().unwrap()).collect();
    assert_eq!((units, &looked["unchanged"]), (vec!["gso-46", "gso-75"], &json!(2)), "{looked}");
});

plain_test!(the_engine_holds_no_figure_of_the_review, {
    // The counts of the review stand in the sample's data alone.
    let figures = [
        "113468", "113_468", "92322", "92_322", "21146", "21_146", "70395", "70_395", "43073", "43_073",
        "1819", "4046",
    ];
    for layer in ["src/domain", "src/service", "src/store"] {
        for file in crate::layers::sources(layer) {
            let text = std::fs::read_to_string(&file).unwrap();
            for figure in figures {
                assert!(!text.contains(figure), "{figure} in {}", file.display());
            }
        }
    }
});

database_test!(a_load_that_fails_leaves_nothing, |database| {
    // The sample on a database whose last table is missing: everything before it is undone.
    chiso::store::migrate::run(&database.url).unwrap();
    let mut conn = database.connect();
    diesel::connection::SimpleConnection::batch_execute(&mut conn, "DROP TABLE procedures").unwrap();
    drop(conn);
    let store = chiso::store::Store::open(&database.url, crate::support::app::STORE_LIMITS).unwrap();
    let loaded = actix_web::rt::System::new()
        .block_on(async { sample::load(&store, Extent::WithoutDossiers, Moment::now()).await });
    assert!(loaded.is_err());
    for table in ["units", "changes", "editions", "index_scores"] {
        assert_eq!(database.lines(&format!("SELECT * FROM {table}")), Vec::<String>::new(), "{table}");
    }
});
