//! Cells of files of dossiers as offices write them: how they are read, and how a report tells them.

use crate::{
    imports::{counts, import},
    support::{api_test, records::DOSSIERS},
};

api_test!(a_line_within_a_cell_ends_with_a_line_feed_also_in_files_of_windows, |app| {
    app.make_units(&["u"]);
    let file = "code,unit_id,submitted_via,status,field\nA,u,online,1,\"Đất đai\nHộ tịch\"\n";
    assert_eq!(counts(&import(app, "", "text/csv", file)), [1, 1, 0, 0, 0, 0]);
    let windows = file.replace('\n', "\r\n");
    assert_eq!(counts(&import(app, "", "text/csv", windows.clone())), [1, 0, 0, 1, 0, 0]);
    let other = windows.replace("\nA,", "\nB,");
    assert_eq!(counts(&import(app, "", "text/csv", other)), [1, 1, 0, 0, 0, 0]);
    for code in ["A", "B"] {
        let field = app.get(&format!("{DOSSIERS}/{code}")).expect(200).json["field"].clone();
        assert_eq!(field, "Đất đai\nHộ tịch", "{code}");
    }
});
