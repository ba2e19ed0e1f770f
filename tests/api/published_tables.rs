//! Published tables come out as published: what was compared, what differs, and why. `tests/data/README.md` says
//! where each table comes from.

use std::collections::{BTreeMap, HashMap};

use chiso::{
    domain::{decimal::Exact, editions::TieRule},
    sample::Extent,
    service::{
        rankings::{Entry, Standing, compare, rank},
        totals::{Total, TotalSource},
    },
};
use serde_json::{Value, json};

use crate::{
    sample::load,
    support::{
        api_test,
        app::App,
        plain_test,
        records::{UNITS, unit, with},
    },
};

type Row = HashMap<String, String>;

const PCI: &str = include_str!("../data/rankings/pci_2005_2016.csv");
const EGOV: &str = include_str!("../data/rankings/vn_egov_2017_provinces_top53.csv");
const DTI: &str = include_str!("../data/rankings/dti_2022_provinces.csv");
const CPI: &str = include_str!("../data/rankings/cpi_2012.csv");
const CLAIMS: &str = include_str!("../data/rankings/published_claims.csv");

fn rows(text: &str) -> Vec<Row> {
    csv::Reader::from_reader(text.as_bytes()).deserialize().map(Result::unwrap).collect()
}

/// Makes an edition of these units with their totals and published ranks.
fn publish(app: &App, index: &str, year: &str, decimals: u8, totals: &[(String, String, Option<i64>)]) {
    let unit_ids: Vec<&String> = totals.iter().map(|(id, ..)| id).collect();
    let edition = json!({
        "framework": format!("{index}-{year}"), "unit_of_measure": "points", "decimals": decimals,
        "cohorts": [{"code": "all", "name": "Tất cả", "unit_ids": unit_ids}]
    });
    app.put(&format!("/api/v1/indexes/{index}/editions/{year}"), &edition).expect(201);
    for (unit_id, score, published) in totals {
        let score = json!({
            "index_code": index, "year": year.parse::<i32>().unwrap(), "unit_id": unit_id, "stage": "final",
            "score": score, "published_rank": published
        });
        app.post("/api/v1/index-scores", &score).expect(201);
    }
}

/// What a ranking has against the published one, as one line; every rank must be told.
fn compared(app: &App, index: &str, year: &str, ranks: usize) -> String {
    let ranking =
        app.get(&format!("/api/v1/indexes/{index}/rankings/{year}?base_year=none")).expect(200).json;
    let standings = ranking["standings"].as_array().unwrap();
    assert_eq!(standings.len(), ranks, "{index} {year}");
    assert!(standings.iter().all(|s| s["published_rank"].is_i64()), "{index} {year}");
    let tied = standings.iter().filter(|s| s["tied"] == true).count();
    let differences: Vec<String> = ranking["published_rank_differences"]
        .as_array()
        .unwrap()
        .iter()
        .map(|d| {
            format!("{} {}, published {}", d["unit_name"].as_str().unwrap(), d["rank"], d["published_rank"])
        })
        .collect();
    format!("{index} {year}: {ranks} ranks, {tied} tied, differences: {differences:?}")
}

fn rank_of(row: &Row, column: &str) -> Option<i64> {
    row[column].parse().ok()
}

api_test!(the_pci_of_2005_to_2016_comes_out_as_published, |app| {
    load(app, Extent::WithoutDossiers);
    let ha_tay = json!({
        "name": "Tỉnh Hà Tây", "level": "province", "valid_to": "2008-08-01",
        "successors": [{"unit_id": "gso-01", "extent": "whole"}]
    });
    app.post(UNITS, &with(unit("gso-28"), ha_tay)).expect(201);
    let mut years: BTreeMap<String, Vec<(String, String, Option<i64>)>> = BTreeMap::new();
    for row in rows(PCI) {
        let unit_id = format!("gso-{}", row["gso_code"]);
        years.entry(row["year"].clone()).or_default().push((
            unit_id,
            row["score"].clone(),
            rank_of(&row, "rank_published"),
        ));
    }
    let mut lines = Vec::new();
    for (year, totals) in &years {
        // The sample has the years since 2013, with their components.
        if year.as_str() < "2013" {
            publish(app, "pci", year, 2, totals);
        }
        lines.push(compared(app, "pci", year, totals.len()));
    }
    let same = |year: u32, ranks: u32| format!("pci {year}: {ranks} ranks, 0 tied, differences: []");
    assert_eq!(
        lines,
        [
            same(2005, 42),
            same(2006, 64),
            same(2007, 64),
            same(2008, 64),
            same(2009, 63),
            same(2010, 63),
            // Published with two decimals only: both have 57.62, and VCCI ranked on digits that it did not print.
            "pci 2011: 63 ranks, 2 tied, differences: [\"Tỉnh Hà Giang 40, published 41\"]".to_owned(),
            same(2012, 63),
            same(2013, 63),
            same(2014, 63),
            same(2015, 63),
            same(2016, 63),
        ]
    );
    a_unit_that_ended_is_listed_with_its_successor(app);
    totals_follow_from_their_components(app);
    the_sentence_on_quang_ninh_comes_out(app);
});

/// Hà Tây was merged into Hà Nội on 1 August 2008: ranked in 2008, gone in 2009, and nothing is summed.
fn a_unit_that_ended_is_listed_with_its_successor(app: &App) {
    let ranking = app.get("/api/v1/indexes/pci/rankings/2009").expect(200).json;
    let ended = ranking["ended"].as_array().unwrap();
    assert_eq!(ended.len(), 1, "{ended:?}");
    assert_eq!(
        (&ended[0]["unit_id"], &ended[0]["successors"][0]["unit_id"]),
        (&json!("gso-28"), &json!("gso-01"))
    );
    let ranking = app.get("/api/v1/indexes/pci/rankings/2008").expect(200).json;
    assert_eq!(ranking["ended"], json!([]));
}

/// The published totals lie up to 0.000007 off their weighted sub-indices: exact with the residual.
fn totals_follow_from_their_components(app: &App) {
    let (mut residuals, mut largest) = (0, Exact::zero());
    for year in 2013..=2016 {
        let path = format!("/api/v1/indexes/pci/rankings/{year}?base_year=none&include=components");
        for standing in app.get(&path).expect(200).json["standings"].as_array().unwrap() {
            let parts = standing["components"].as_array().unwrap();
            let exact = |part: &Value| Exact::parse(part["contribution_exact"].as_str().unwrap()).unwrap();
            let sum: Exact = parts.iter().map(exact).sum();
            assert_eq!(sum.to_string(), standing["score_exact"].as_str().unwrap());
            let residual = exact(parts.iter().find(|part| part["kind"] == "residual").unwrap());
            let size = if residual.is_negative() { -&residual } else { residual };
            residuals += usize::from(!size.is_zero());
            largest = largest.max(size);
        }
    }
    assert!(largest < Exact::parse("0.0000075").unwrap(), "{largest}");
    assert_eq!(residuals, 246, "of 252 totals");
}

/// "Quảng Ninh 2014: rank 5, from 4, down 1 place."
fn the_sentence_on_quang_ninh_comes_out(app: &App) {
    let claims = rows(CLAIMS);
    let claim = claims.iter().find(|c| c["index"] == "PCI" && c["year"] == "2014").unwrap();
    let told = app.get("/api/v1/indexes/pci/rankings/2014/explanation?unit_id=gso-22").expect(200).json;
    let told = [&told["rank"], &told["base"]["rank"], &told["delta"]["rank_change"]].map(Value::to_string);
    assert_eq!(told, [&claim["rank"], &claim["rank_prev"], &claim["rank_change"]].map(Clone::clone));
}

api_test!(tables_with_ties_come_out_as_published, |app| {
    for index in ["egov", "dti", "cpi"] {
        app.put(&format!("/api/v1/indexes/{index}"), &json!({"name": index})).expect(201);
    }
    let mut made = std::collections::HashSet::new();
    let mut make = |id: &str, name: &str, level: &str| {
        if made.insert(id.to_owned()) {
            app.post(UNITS, &json!({"id": id, "name": name, "level": level})).expect(201);
        }
    };
    let mut table = |text,
                     level: &str,
                     id: &dyn Fn(usize, &Row) -> String,
                     name: &str,
                     score: &dyn Fn(&Row) -> String| {
        let rows = rows(text);
        let totals = rows.iter().enumerate().map(|(i, row)| {
            let id = id(i, row);
            make(&id, &row[name], level);
            (id, score(row), rank_of(row, "rank_published"))
        });
        totals.collect::<Vec<_>>()
    };
    let province = |_: usize, row: &Row| format!("p-{}", row["gso_code"]);
    let score = |row: &Row| row["score"].clone();
    let egov = table(EGOV, "province", &province, "province_published", &score);
    let cpi = table(CPI, "other", &|i, _| format!("c-{i}"), "unit", &score);
    // Only the first five values were published: a number that falls as the published rank rises stands in for all,
    // so that what is compared is how the tie was counted.
    let stand_in = |row: &Row| (100 - rank_of(row, "rank_published").unwrap()).to_string();
    let dti = table(DTI, "province", &province, "province_published", &stand_in);
    publish(app, "egov", "2017", 3, &egov);
    publish(app, "cpi", "2012", 0, &cpi);
    publish(app, "dti", "2022", 4, &dti);
    let lines = [
        compared(app, "egov", "2017", 53),
        compared(app, "cpi", "2012", 176),
        compared(app, "dti", "2022", 63),
    ];
    assert_eq!(
        lines,
        [
            "egov 2017: 53 ranks, 6 tied, differences: []",
            "cpi 2012: 176 ranks, 154 tied, differences: []",
            "dti 2022: 63 ranks, 2 tied, differences: []",
        ]
    );
    let ranking = app.get("/api/v1/indexes/dti/rankings/2022?base_year=none").expect(200).json;
    let around: Vec<i64> = ranking["standings"].as_array().unwrap()[13..18]
        .iter()
        .map(|standing| standing["rank"].as_i64().unwrap())
        .collect();
    assert_eq!(around, [14, 15, 15, 17, 18]);
    let hanoi = ranking["standings"].as_array().unwrap().iter().find(|s| s["unit_id"] == "p-01").unwrap();
    let claims = rows(CLAIMS);
    let claim =
        claims.iter().find(|c| c["index"] == "DTI" && c["year"] == "2022" && c["gso_code"] == "01").unwrap();
    assert_eq!(hanoi["rank"].to_string(), claim["rank"], "as the press told it");
    // The five values that were published rank as published.
    let with_values: Vec<Row> = rows(DTI).into_iter().filter(|row| !row["value"].is_empty()).collect();
    let mut by_value = with_values.clone();
    by_value.sort_by_key(|row| std::cmp::Reverse(Exact::parse(&row["value"]).unwrap()));
    assert_eq!((by_value.len(), by_value), (5, with_values));
});

/// A cohort in which one unit has a rank, or a score of its own; the others stand around it.
fn cohort(size: i64, rank_of_unit: i64, score: Option<&str>) -> Vec<Entry> {
    let entry = |place: i64, unit_id: String, score: Exact| Entry {
        unit_name: unit_id.clone(),
        unit_id,
        result: Ok(Total { score, source: TotalSource::Stored, components: [].into() }),
        published_rank: Some(i32::try_from(place).unwrap()),
    };
    let own = score.map_or_else(|| Exact::from(-rank_of_unit), |score| Exact::parse(score).unwrap());
    (1..=size)
        .map(|place| match place == rank_of_unit {
            true => entry(place, "unit".to_owned(), own.clone()),
            false => entry(place, format!("other-{place}"), &own + &Exact::from(rank_of_unit - place)),
        })
        .collect()
}

fn moved(now: Vec<Entry>, before: Vec<Entry>) -> Standing {
    let edition = edition();
    let ranking = compare(rank(now, &edition), &rank(before, &edition));
    ranking.standings.into_iter().find(|s| s.unit_id == "unit").unwrap()
}

plain_test!(sentences_of_the_press_that_can_be_computed_come_out_as_told, {
    let claims = rows(CLAIMS);
    let (mut ranks, mut scores, mut untold) = (Vec::new(), Vec::new(), 0);
    for claim in &claims {
        let name = format!("{} {} {}", claim["unit"], claim["index"], claim["year"]);
        let (rank, before, change) =
            (rank_of(claim, "rank"), rank_of(claim, "rank_prev"), rank_of(claim, "rank_change"));
        let year: i32 = claim["year"].parse().unwrap();
        let same = |c: &&Row| (&c["unit"], &c["index"]) == (&claim["unit"], &claim["index"]);
        let earlier =
            claims.iter().find(|c| same(c) && c["year"] == (year - 1).to_string() && !c["score"].is_empty());
        let mut told = false;
        if let (Some(rank), Some(before), Some(change)) = (rank, before, change) {
            let size = rank_of(claim, "n_units").unwrap_or(63);
            let standing = moved(cohort(size, rank, None), cohort(size, before, None));
            assert_eq!(
                (i64::from(standing.rank), standing.delta.rank_change),
                (rank, Some(change)),
                "{name}"
            );
            ranks.push(name.clone());
            told = true;
        }
        if let (Some(earlier), false, false) =
            (earlier, claim["score"].is_empty(), claim["score_change"].is_empty())
        {
            let of = |claim: &Row| cohort(63, rank_of(claim, "rank").unwrap(), Some(&claim["score"]));
            let standing = moved(of(claim), of(earlier));
            assert_eq!(standing.delta.score.unwrap().to_string(), claim["score_change"], "{name}");
            scores.push(name);
            told = true;
        }
        untold += usize::from(!told);
    }
    assert_eq!(
        ranks,
        [
            "Vĩnh Long PCI 2019",
            "Bắc Ninh PCI 2019",
            "Quảng Ninh PCI 2014",
            "Hải Dương PCI 2021",
            "Thái Bình PCI 2021",
            "Long An PCI 2022",
            "Nghệ An PCI 2022",
            "Huyện Bắc Trà My CCHC huyện (Quảng Nam) 2022",
        ]
    );
    assert_eq!(scores, ["Quảng Ninh PCI 2020", "Đà Nẵng DTI 2021"]);
    // The others tell one side only: a score without that of the year before, or a change without its ends.
    assert_eq!((claims.len(), untold), (47, 37));
});

/// An edition of totals alone, ranked as ministries do.
fn edition() -> chiso::domain::editions::Edition {
    use chiso::domain::editions::{Edition, EditionStatus, Method, ScoreUnit};
    Edition {
        index_code: "claims".to_owned(),
        year: 2020,
        framework: "claims".to_owned(),
        unit_of_measure: ScoreUnit::Points,
        decimals: 2,
        rank_decimals: None,
        tie_rule: TieRule::Competition,
        method: Method::Points,
        rescale_without_survey: false,
        rescale_not_applicable: false,
        criteria: vec![],
        cohorts: vec![],
        overlapping_cohorts: false,
        bands: vec![],
        note: None,
        status: EditionStatus::Draft,
        revision: None,
        stages: vec![],
        state: chiso::domain::edition_cycle::EditionState::default(),
    }
}
