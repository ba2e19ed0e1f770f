//! Records of the national portal: what becomes of each, in its own form, and that nothing of an applicant is kept.

use std::{
    io::{BufRead, BufReader, Read},
    process::Stdio,
};

use serde_json::{Value, json};

use crate::{
    access::make_key,
    lifecycle::chiso,
    support::{
        api_test,
        app::{App, KEY},
        client::Client,
        database_test,
        records::{DOSSIERS, UNITS, unit, with},
    },
};

pub const SYNC: &str = "/api/v1/integrations/dvcqg/dossiers";

/// What of a record is about persons; each is a word that nothing else has.
const APPLICANT: [&str; 8] = [
    "Nguyễn Thị Kín",
    "087190001234",
    "kin@example.vn",
    "0912345678",
    "Trần Văn Riêng",
    "Ấp Bí Mật",
    "https://files.example.vn/kin.pdf",
    "Lê Thị Nộp",
];

pub fn record(code: &str, over: Value) -> Value {
    let base = json!({
        "MaHoSo": code, "MaTTHC": "1.000656", "TenTTHC": "Đăng ký khai tử", "TenLinhVuc": "Hộ tịch", "KenhThucHien": "2",
        "ChuHoSo": APPLICANT[0], "LoaiDoiTuong": "1", "MaDoiTuong": APPLICANT[1], "Email": APPLICANT[2],
        "SoDienThoai": APPLICANT[3], "TrichYeuHoSo": APPLICANT[5], "NgayTiepNhan": "20210302080000",
        "NgayHenTra": "20210310170000", "TrangThaiHoSo": "4", "DonViXuLy": "874", "NgayNopHoSo": "",
        "TaiLieuNop": [{"TenGiayTo": "Đơn", "DuongDanTepTin": APPLICANT[6]}], "DanhSachLePhi": [],
        "HoSoCoThanhPhanSoHoa": 1, "NguoiNop": {"Ten": APPLICANT[7]}, "code": "X", "history": [], "DanhSachHoSoBoSung": []
    });
    with(base, over)
}

/// The district and the commune that has its code now, with another one of the same code in another list.
pub fn units(app: &App) {
    let coded = |id: &str, scheme: &str, code: &str, over: Value| {
        with(with(unit(id), json!({"code": code, "code_scheme": scheme})), over)
    };
    for unit in [
        coded("old", "gso", "874", json!({"valid_to": "2025-07-01"})),
        coded("new", "gso", "874", json!({"valid_from": "2025-07-01"})),
        coded("other", "qcvn", "874", json!({"valid_from": "2025-07-01"})),
        coded("commune", "gso", "30145", json!({})),
    ] {
        app.post(UNITS, &unit).expect(201);
    }
}

/// Tells records, and gives what became of them: the result and the codes of broken rules.
pub fn tell(app: &App, records: &[Value]) -> Vec<(String, Vec<String>)> {
    let answer =
        app.ask("POST", SYNC).header("accept-language", "en").json(&json!(records)).send().expect(200);
    let answers = answer.json.as_array().unwrap().clone();
    assert_eq!(answers.len(), records.len());
    answers
        .iter()
        .zip(records)
        .map(|(answer, record)| {
            let result = answer["result"].as_str().unwrap().to_owned();
            assert_eq!(answer["error_code"], if result == "rejected" { -1 } else { 0 }, "{answer}");
            assert!(!answer["message"].as_str().unwrap().is_empty());
            if result != "rejected" {
                assert_eq!(answer["dossier_code"], record["MaHoSo"]);
            }
            let rules = answer["rules"].as_array().unwrap().iter();
            (result, rules.map(|rule| rule.as_str().unwrap().to_owned()).collect())
        })
        .collect()
}

pub fn tell_one(app: &App, code: &str, over: Value) -> String {
    tell(app, &[record(code, over)]).remove(0).0
}

pub fn read(app: &App, code: &str) -> Value {
    app.get(&format!("{DOSSIERS}/{code}")).expect(200).json
}

pub fn history(app: &App, code: &str) -> Vec<(i64, String)> {
    let items = app.get(&format!("{DOSSIERS}/{code}/events")).expect(200).json["items"].clone();
    let told = |item: &Value| (item["status"].as_i64().unwrap(), item["at"].as_str().unwrap().to_owned());
    items.as_array().unwrap().iter().map(told).collect()
}

api_test!(a_record_becomes_a_dossier_and_told_again_changes_nothing, |app| {
    units(app);
    let alone = app.post(SYNC, &record("A", json!({"NoiNopHoSo": "30145"}))).expect(200).json;
    assert_eq!(alone[0]["message"], "Đồng bộ thành công");
    assert_eq!(alone[0]["result"], "created");
    let dossier = read(app, "A");
    for (member, value) in [
        ("unit_id", json!("old")),
        ("received_by_unit_id", json!("commune")),
        ("procedure_code", json!("1.000656")),
        ("field", json!("Hộ tịch")),
        ("submitted_via", json!("online")),
        ("accepted_at", json!("2021-03-02T08:00:00+07:00")),
        ("first_due_at", json!("2021-03-10T17:00:00+07:00")),
        ("due_at", json!("2021-03-10T17:00:00+07:00")),
        ("status", json!(4)),
    ] {
        assert_eq!(dossier[member], value, "{member}");
    }
    let before = app.database.dump();
    assert_eq!(tell_one(app, "A", json!({"NoiNopHoSo": 30145})), "unchanged");
    // The number of a portal is no unit, and says nothing.
    assert_eq!(tell_one(app, "A", json!({"NoiNopHoSo": "2"})), "unchanged");
    assert_eq!(app.database.dump(), before);
    assert_eq!(tell_one(app, "A", json!({"TenLinhVuc": "Chứng thực"})), "updated");
    assert_eq!(read(app, "A")["field"], "Chứng thực");
});

api_test!(states_that_come_late_find_their_place_and_undo_nothing, |app| {
    units(app);
    let finished =
        json!({"TrangThaiHoSo": 10, "NgayKetThucXuLy": "20210305090000", "NgayTra": "20210306090000"});
    assert_eq!(tell_one(app, "A", finished.clone()), "created");
    // Older records of it arrive behind it.
    assert_eq!(tell_one(app, "A", json!({"TrangThaiHoSo": "4"})), "unchanged");
    assert_eq!(tell_one(app, "A", json!({"TrangThaiHoSo": "2"})), "unchanged");
    let nine = json!({"TrangThaiHoSo": "9", "NgayKetThucXuLy": "20210305090000"});
    assert_eq!(tell_one(app, "A", nine), "unchanged");
    assert_eq!(read(app, "A")["status"], 10);
    let steps = [
        (2, "2021-03-02T08:00:00+07:00"),
        (9, "2021-03-05T09:00:00+07:00"),
        (10, "2021-03-06T09:00:00+07:00"),
    ];
    let steps: Vec<(i64, String)> = steps.iter().map(|(status, at)| (*status, (*at).to_owned())).collect();
    assert_eq!(history(app, "A"), steps);
    assert_eq!(read(app, "A")["outcome"], "early");

    // The same from the first to the last, each in its own request.
    let registered = json!({"TrangThaiHoSo": "1", "NgayTiepNhan": null, "NgayHenTra": "", "NgayNopHoSo": "20210301200000"});
    assert_eq!(tell_one(app, "B", registered), "created");
    assert_eq!(tell_one(app, "B", json!({"TrangThaiHoSo": "2", "NgayNopHoSo": "20210301200000"})), "updated");
    assert_eq!(read(app, "B")["due_at"], "2021-03-10T17:00:00+07:00");
    assert_eq!(tell_one(app, "B", finished), "updated");
    let ended = read(app, "B");
    assert_eq!((&ended["status"], &ended["outcome"]), (&json!(10), &json!("early")));

    // A step that the table doesn't know is taken over, and flagged.
    let nine = json!({"TrangThaiHoSo": "9", "NgayKetThucXuLy": "20210305090000"});
    assert_eq!(tell_one(app, "C", nine), "created");
    let late = json!({"TrangThaiHoSo": "7", "NgayKetThucXuLy": "20210307090000"});
    assert_eq!(tell_one(app, "C", late), "updated");
    assert_eq!(read(app, "C")["anomalies"][0]["code"], "impossible_jump");
    assert_eq!(app.get("/api/v1/dossier-anomalies").expect(200).each("code"), ["C"]);
});

api_test!(supplements_stop_the_clock_and_move_the_due_date, |app| {
    units(app);
    let asked = json!({"TrangThaiHoSo": "5", "DanhSachHoSoBoSung": [
        {"NgayBoSung": "20210303080000", "NgayHenTraTruoc": "20210310170000", "NguoiYeuCauBoSung": APPLICANT[4]}]});
    assert_eq!(tell_one(app, "A", asked.clone()), "created");
    assert_eq!(tell_one(app, "A", asked), "unchanged");
    let came = json!({"TrangThaiHoSo": "4", "NgayHenTra": "20210317170000", "DanhSachHoSoBoSung": [
        {"NgayBoSung": "20210303080000", "NgayTiepNhanBoSung": "20210308080000", "NguoiYeuCauBoSung": APPLICANT[4],
         "NgayHenTraTruoc": "20210310170000", "NgayHenTraMoi": "20210317170000"}]});
    assert_eq!(tell_one(app, "A", came.clone()), "updated");
    assert_eq!(tell_one(app, "A", came.clone()), "unchanged");
    // Whoever hears of it only now gets the same dossier.
    assert_eq!(tell_one(app, "B", came), "created");
    for code in ["A", "B"] {
        let dossier = read(app, code);
        assert_eq!(dossier["first_due_at"], "2021-03-10T17:00:00+07:00", "{code}");
        assert_eq!(dossier["due_at"], "2021-03-17T17:00:00+07:00", "{code}");
        let statuses: Vec<i64> = history(app, code).iter().map(|(status, _)| *status).collect();
        assert_eq!(statuses, [2, 5, 4], "{code}");
    }
    assert_eq!(tell_one(app, "A", json!({"NgayHenTra": "20210320170000"})), "updated");
    assert_eq!(read(app, "A")["due_at"], "2021-03-20T17:00:00+07:00");
});

api_test!(a_code_is_that_of_the_unit_that_had_it_at_acceptance, |app| {
    units(app);
    let late =
        |over: Value| with(json!({"NgayTiepNhan": "20250801080000", "NgayHenTra": "20250810170000"}), over);
    let told = tell(
        app,
        &[
            record("A", json!({})),
            record("B", late(json!({}))),
            record("C", late(json!({"DonViXuLy": "new"}))),
            record("D", json!({"DonViXuLy": "999"})),
            record("E", json!({"NgayTiepNhan": "20190302080000"})),
        ],
    );
    let results: Vec<(&str, Vec<&str>)> = told
        .iter()
        .map(|(result, rules)| (result.as_str(), rules.iter().map(String::as_str).collect()))
        .collect();
    assert_eq!(
        results,
        [
            ("created", vec![]),
            ("rejected", vec!["ambiguous_unit"]),
            ("created", vec![]),
            ("rejected", vec!["unknown_unit"]),
            ("created", vec![]),
        ]
    );
    let schemed = format!("{SYNC}?code_scheme=gso");
    let answer = app.post(&schemed, &record("B", late(json!({})))).expect(200).json;
    assert_eq!(answer[0]["result"], "created");
    assert_eq!(
        (read(app, "A")["unit_id"].clone(), read(app, "B")["unit_id"].clone()),
        (json!("old"), json!("new"))
    );
});

api_test!(each_record_is_for_itself_and_what_is_wrong_is_told_by_its_names, |app| {
    units(app);
    let records = [
        record("A", json!({})),
        record("B", json!({"NgayTiepNhan": "02/03/2021"})),
        record("C", json!({"TrangThaiHoSo": "11"})),
        json!("nothing"),
        record("D", json!({"TrangThaiHoSo": "9"})),
        record("E", json!({"NgayTiepNhan": "", "DonViXuLy": "30145"})),
        record("A", json!({"TrangThaiHoSo": "9", "NgayTra": "20210304080000"})),
        record("", json!({})),
        record("F", json!({"DanhSachHoSoBoSung": [{"NgayBoSung": "soon"}]})),
    ];
    let told = tell(app, &records);
    let want = [
        ("created", ""),
        ("rejected", "wrong_type"),
        ("rejected", "unknown_status"),
        ("rejected", "malformed_json"),
        ("rejected", "required"),
        ("rejected", "required_by_status"),
        ("updated", ""),
        ("rejected", "required"),
        ("rejected", "wrong_type"),
    ];
    for ((result, rules), (want, rule)) in told.iter().zip(want) {
        assert_eq!((result.as_str(), rules.first().map_or("", String::as_str)), (want, rule), "{told:?}");
    }
    for place in [1, 5] {
        let answer = app.post(SYNC, &records[place]).expect(200).json;
        assert!(answer[0]["message"].as_str().unwrap().starts_with("NgayTiepNhan: "), "{answer}");
    }
    assert_eq!(app.get(DOSSIERS).expect(200).each("code"), ["A"]);
    assert_eq!(app.post(SYNC, &json!([])).expect(200).json, json!([]));
});

api_test!(a_rejected_record_is_named_and_so_is_its_member, |app| {
    units(app);
    let doubled = |head: &str| {
        let text = record("A", json!({})).to_string();
        format!("{{\"{head}\":\"\",\"{head}\":\"\",{}", text.strip_prefix('{').unwrap())
    };
    for (body, code, rule, message) in [
        (
            record("A", json!({"TrangThaiHoSo": "11"})).to_string(),
            json!("A"),
            "unknown_status",
            "TrangThaiHoSo: ",
        ),
        (record("A", json!({"NgayHenTra": "x"})).to_string(), json!("A"), "wrong_type", "NgayHenTra: "),
        (record("A", json!({"NgayTuChoi": "x"})).to_string(), json!("A"), "wrong_type", "NgayTuChoi: "),
        (record("", json!({})).to_string(), Value::Null, "required", "MaHoSo: `MaHoSo` is required."),
        (
            record("A", json!({"DonViXuLy": ""})).to_string(),
            json!("A"),
            "required",
            "DonViXuLy: `DonViXuLy` is required.",
        ),
        (
            record("A", json!({"TrangThaiHoSo": "9", "NgayKetThucXuLy": "20210301080000"})).to_string(),
            json!("A"),
            "before_accepted",
            "NgayKetThucXuLy: Must not be before `NgayTiepNhan`.",
        ),
        (doubled("NgayTuChoi"), json!("A"), "duplicate_field", "NgayTuChoi: `NgayTuChoi` is given twice."),
        (doubled("NoiNopHoSo"), json!("A"), "duplicate_field", "NoiNopHoSo: `NoiNopHoSo` is given twice."),
        (doubled("NgayTra"), json!("A"), "duplicate_field", "NgayTra: `NgayTra` is given twice."),
    ] {
        let ask = app.ask("POST", SYNC).header("accept-language", "en");
        let answer = ask.header("content-type", "application/json").raw(body).send().expect(200).json;
        assert_eq!((&answer[0]["dossier_code"], &answer[0]["rules"]), (&code, &json!([rule])), "{answer}");
        assert!(answer[0]["message"].as_str().unwrap().starts_with(message), "{answer}");
    }
});

api_test!(what_is_no_list_of_records_is_refused, |app| {
    assert_eq!(app.post(SYNC, &json!("x")).expect(400).code(), "malformed");
    assert_eq!(app.post(SYNC, &json!(1)).expect(400).code(), "malformed");
    app.ask("POST", SYNC).header("content-type", "application/json").raw("[{").send().expect(400);
    app.ask("POST", SYNC).header("content-type", "text/plain").raw("[]").send().expect(415);
    app.post(&format!("{SYNC}?scheme=gso"), &json!([])).expect(400);
    let many = vec![json!({}); 1001];
    assert_eq!(app.post(SYNC, &json!(many)).expect(422).violations(), [("", "too_many")]);
    let deep = |depth: usize| {
        let body = format!("{{\"x\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        app.ask("POST", SYNC).header("content-type", "application/json").raw(body).send()
    };
    for depth in [64, 100_000] {
        assert_eq!(deep(depth).expect(400).violations(), [("", "too_deep")], "{depth}");
    }
    deep(63).expect(200);
});

api_test!(a_key_of_another_unit_takes_over_nothing_of_this_one, |app| {
    units(app);
    let scopes = json!(["dossiers:read", "dossiers:write"]);
    let (commune, _) = make_key(app, json!({"scopes": scopes, "unit_id": "commune"}));
    let told = |records: Value| {
        let answer = app.ask("POST", SYNC).key(&commune).json(&records).send().expect(200).json;
        answer.as_array().unwrap().iter().map(|item| item["result"].clone()).collect::<Vec<_>>()
    };
    let own = record("A", json!({"DonViXuLy": "30145"}));
    assert_eq!(told(json!([own, record("B", json!({}))])), ["created", "rejected"]);
    tell_one(app, "C", json!({}));
    let before = app.database.dump();
    // That it is there is not told, whatever the record says.
    assert_eq!(
        told(json!([record("C", json!({})), record("C", json!({"DonViXuLy": "30145"}))])),
        ["rejected", "rejected"]
    );
    let dump = app.database.dump();
    assert_eq!((&dump["dossiers"], &dump["changes"]), (&before["dossiers"], &before["changes"]));
    app.ask("POST", SYNC).anonymous().json(&json!([])).send().expect(401);
});

database_test!(nothing_of_an_applicant_is_in_any_table_or_log_line, |database| {
    let mut child = chiso(&["serve", "--bind", "127.0.0.1:0", "--log", "trace", "--db-connections", "3"])
        .env("CHISO_DATABASE_URL", database.url_text())
        .env("CHISO_BOOTSTRAP_KEY", KEY)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut stderr = child.stderr.take().unwrap();
    let errors = std::thread::spawn(move || {
        let mut text = Vec::new();
        stderr.read_to_end(&mut text).map(|_| text)
    });
    let mut first = String::new();
    stdout.read_line(&mut first).unwrap();
    let lines = std::thread::spawn(move || {
        let mut text = Vec::new();
        stdout.read_to_end(&mut text).map(|_| text)
    });
    let client = Client::new(first.trim().rsplit("http://").next().unwrap().parse().unwrap());
    client.post(UNITS, &with(unit("old"), json!({"code": "874", "code_scheme": "gso"}))).expect(201);
    let supplement = json!([{"NgayBoSung": "20210303080000", "NguoiYeuCauBoSung": APPLICANT[4]}]);
    let told = client.post(
        SYNC,
        &json!([
            record("A", json!({"TrangThaiHoSo": "5", "DanhSachHoSoBoSung": supplement})),
            record("B", json!({"NgayTiepNhan": "soon", "DonViXuLy": "old"})),
            record("C", json!({"DonViXuLy": "999"})),
        ]),
    );
    let results: Vec<Value> =
        told.expect(200).json.as_array().unwrap().iter().map(|answer| answer["result"].clone()).collect();
    assert_eq!(results, ["created", "rejected", "rejected"]);
    // A record alone, and one that breaks the JSON of the request.
    client.post(SYNC, &record("A", json!({}))).expect(200);
    let broken = record("D", json!({})).to_string();
    let broken = &broken[..broken.len() - 1];
    client.ask("POST", SYNC).header("content-type", "application/json").raw(broken).send().expect(400);
    let sent = std::process::Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert!(sent.success() && child.wait().unwrap().success());
    let log = [lines.join().unwrap().unwrap(), errors.join().unwrap().unwrap()].concat();
    let log = String::from_utf8_lossy(&log).into_owned();
    assert!(log.contains("/integrations/dvcqg/dossiers"), "the requests are logged: {log}");
    let dump = database.dump();
    assert!(dump["dossiers"].iter().any(|row| row.contains("1.000656")), "{dump:?}");
    let hex = |text: &str| text.bytes().map(|byte| format!("{byte:02X}")).collect::<String>();
    for secret in APPLICANT {
        assert!(!log.contains(secret), "{secret} is in the log");
        for (table, rows) in &dump {
            let found =
                rows.iter().any(|row| row.contains(secret) || row.to_uppercase().contains(&hex(secret)));
            assert!(!found, "{secret} is in {table}");
        }
    }
});
