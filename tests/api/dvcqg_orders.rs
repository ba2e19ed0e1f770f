//! Records of the national portal in any order, and those that say not when: to what history they lead.

use serde_json::{Value, json};

use crate::{
    dvcqg::{SYNC, history, read, record, tell, tell_one, units},
    support::{
        api_test,
        client::Client,
        records::{DOSSIERS, with},
    },
};

/// Every order of four things.
fn orders() -> Vec<[usize; 4]> {
    let all = (0..256_usize).map(|n| [n % 4, n / 4 % 4, n / 16 % 4, n / 64]);
    all.filter(|order| (0..4).all(|thing| order.contains(&thing))).collect()
}

api_test!(records_of_a_dossier_lead_to_the_same_end_in_any_order, |app| {
    units(app);
    let states = [
        json!({"TrangThaiHoSo": "2"}),
        json!({"TrangThaiHoSo": "4"}),
        json!({"TrangThaiHoSo": "9", "NgayKetThucXuLy": "20210309100000"}),
        json!({"TrangThaiHoSo": "10", "NgayTra": "20210309150000"}),
    ];
    let orders = orders();
    assert_eq!(orders.len(), 24);
    let code = |i: usize| format!("D{i:02}");
    for place in 0..4 {
        // All of them arrive after the end.
        app.set_now(&format!("2021-03-2{place}T08:00:00+07:00"));
        let told = |(i, order): (usize, &[usize; 4])| record(&code(i), states[order[place]].clone());
        let records: Vec<Value> = orders.iter().enumerate().map(told).collect();
        for (answer, order) in tell(app, &records).iter().zip(&orders) {
            assert_ne!(answer.0, "rejected", "{order:?}: {answer:?}");
        }
    }
    // And all of one dossier at once, each in a request of its own.
    let address = app.address;
    for i in 24..34 {
        std::thread::scope(|scope| {
            for state in &states {
                let body = record(&code(i), state.clone());
                scope.spawn(move || {
                    let answer = Client::new(address).post(SYNC, &body).expect(200).json;
                    assert_eq!(answer[0]["error_code"], 0, "{answer}");
                });
            }
        });
    }
    for i in 0..34 {
        let dossier = read(app, &code(i));
        for (member, value) in [
            ("status", json!(10)),
            ("outcome", json!("early")),
            ("finished_at", json!("2021-03-09T10:00:00+07:00")),
            ("returned_at", json!("2021-03-09T15:00:00+07:00")),
            ("anomalies", json!([])),
        ] {
            assert_eq!(dossier[member], value, "{member} of {i}: {:?}", orders.get(i));
        }
    }
    let before = app.database.dump();
    for state in &states {
        let records: Vec<Value> = (0..34).map(|i| record(&code(i), state.clone())).collect();
        for (result, _) in tell(app, &records) {
            assert_eq!(result, "unchanged", "{state}");
        }
    }
    assert_eq!(app.database.dump(), before);
});

api_test!(a_status_without_a_time_stands_right_after_what_is_known, |app| {
    units(app);
    app.set_now("2021-03-20T08:00:00+07:00");
    let steps = |code: &str| -> Vec<(i64, String, bool)> {
        let items = app.get(&format!("{DOSSIERS}/{code}/events")).expect(200).json["items"].clone();
        let told = |item: &Value| {
            let at = item["at"].as_str().unwrap().trim_end_matches("+07:00").to_owned();
            (item["status"].as_i64().unwrap(), at, item["time_known"].as_bool().unwrap())
        };
        items.as_array().unwrap().iter().map(told).collect()
    };
    let step = |status: i64, at: &str, known: bool| (status, at.to_owned(), known);
    let accepted = step(2, "2021-03-02T08:00:00", true);
    assert_eq!(tell_one(app, "A", json!({"TrangThaiHoSo": "2"})), "created");
    assert_eq!(tell_one(app, "A", json!({"TrangThaiHoSo": "4"})), "updated");
    assert_eq!(tell_one(app, "A", json!({"TrangThaiHoSo": "4"})), "unchanged");
    assert_eq!(steps("A"), [accepted.clone(), step(4, "2021-03-02T08:00:00", false)]);
    // A supplement that was asked for before the present work began, of which only the record tells.
    let asked = json!({"DanhSachHoSoBoSung": [{"NgayBoSung": "20210303080000"}]});
    for (code, result) in [("A", "updated"), ("B", "created")] {
        assert_eq!(tell_one(app, code, asked.clone()), result);
        assert_eq!(tell_one(app, code, asked.clone()), "unchanged");
        let wait = [step(5, "2021-03-03T08:00:00", true), step(4, "2021-03-03T08:00:00", false)];
        assert_eq!(steps(code), [&[accepted.clone()][..], &wait[..]].concat());
        // How long it was is not known: it moves no date.
        assert_eq!(read(app, code)["due_at"], "2021-03-10T17:00:00+07:00");
    }

    // Among what has no time the state told last holds.
    let stopped = json!({"TrangThaiHoSo": "8", "NgayKetThucXuLy": "20210305090000"});
    let stop = step(8, "2021-03-05T09:00:00", true);
    assert_eq!(tell_one(app, "S", stopped.clone()), "created");
    for _ in 0..2 {
        assert_eq!(tell_one(app, "S", json!({"TrangThaiHoSo": "4"})), "updated");
        let resumed = step(4, "2021-03-05T09:00:00.000001", false);
        assert_eq!(steps("S"), [accepted.clone(), stop.clone(), resumed]);
        assert_eq!(read(app, "S")["finished_at"], Value::Null);
        assert_eq!(tell_one(app, "S", stopped.clone()), "updated");
        assert_eq!(steps("S"), [accepted.clone(), stop.clone()]);
        assert_eq!(tell_one(app, "S", stopped.clone()), "unchanged");
    }
    let dossier = read(app, "S");
    assert_eq!((&dossier["status"], &dossier["outcome"]), (&json!(8), &json!("ended_otherwise")));
    assert_eq!(tell_one(app, "S", json!({"TrangThaiHoSo": "4"})), "updated");
    assert_eq!(tell_one(app, "S", with(stopped, json!({"TrangThaiHoSo": "7"}))), "updated");
    assert_eq!(read(app, "S")["status"], 7);
    assert_eq!(tell_one(app, "S", json!({"TrangThaiHoSo": "4"})), "unchanged");
});

api_test!(a_refusal_has_its_own_time_and_no_other, |app| {
    units(app);
    let early = json!({"NgayTiepNhan": "", "NgayHenTra": "", "NgayNopHoSo": "20210301203000"});
    let refused = with(early.clone(), json!({"TrangThaiHoSo": "3", "NgayTuChoi": "20210302090000"}));
    let submitted = (1_i64, "2021-03-01T20:30:00+07:00".to_owned());
    let refusal = (3_i64, "2021-03-02T09:00:00+07:00".to_owned());
    assert_eq!(tell_one(app, "A", refused.clone()), "created");
    // Whose submission is not told has the refusal alone.
    let alone = with(refused.clone(), json!({"NgayNopHoSo": ""}));
    assert_eq!(tell_one(app, "B", alone.clone()), "created");
    assert_eq!(tell_one(app, "C", with(early.clone(), json!({"TrangThaiHoSo": "1"}))), "created");
    assert_eq!(tell_one(app, "C", refused.clone()), "updated");
    // The time of the refusal comes later than the refusal.
    let undated = with(refused.clone(), json!({"NgayTuChoi": ""}));
    assert_eq!(tell_one(app, "D", undated.clone()), "created");
    assert_eq!(tell_one(app, "D", undated), "unchanged");
    assert_eq!(history(app, "D"), [submitted.clone(), (3, submitted.1.clone())]);
    assert_eq!(tell_one(app, "D", refused.clone()), "updated");
    for code in ["A", "C", "D"] {
        assert_eq!(history(app, code), [submitted.clone(), refusal.clone()], "{code}");
        assert_eq!(tell_one(app, code, refused.clone()), "unchanged", "{code}");
        assert_eq!(read(app, code)["status"], 3, "{code}");
        // It is not undone by work that nobody dates.
        assert_eq!(tell_one(app, code, with(early.clone(), json!({}))), "unchanged", "{code}");
    }
    assert_eq!(history(app, "B"), [refusal]);
    assert_eq!(tell_one(app, "B", alone), "unchanged");
    // Nor is work of no known time an acceptance.
    assert_eq!(tell_one(app, "E", with(early.clone(), json!({"TrangThaiHoSo": "1"}))), "created");
    let told = tell(app, &[record("E", early)]);
    assert_eq!(told, [("rejected".to_owned(), vec!["required_by_status".to_owned()])]);
});
