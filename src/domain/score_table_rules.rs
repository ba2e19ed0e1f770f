//! What is said of heads and cells of a score table that can't be read.

use super::violation::Violation;

/// A cell that is no number.
pub fn not_a_number() -> Violation {
    Violation::new("/score", "not_a_number", "It is not a number.", "Giá trị không phải là số.")
}

/// A formula without a result: what the spreadsheet program would show is not in the file.
pub fn no_result() -> Violation {
    Violation::new(
        "/score",
        "formula_without_result",
        "It is a formula that was saved without its result: open the file in a spreadsheet program and save it.",
        "Công thức được lưu không kèm kết quả: hãy mở tệp bằng phần mềm bảng tính rồi lưu lại.",
    )
}

/// A percentage of a spreadsheet: a score of 85 or of 0.85, which the file does not say.
pub fn percent_cell() -> Violation {
    Violation::new(
        "/score",
        "percent_cell",
        "The cell is formatted as a percentage: what is shown as 85% is 0.85 in the file. Write the score as a \
         plain number.",
        "Ô được định dạng phần trăm: giá trị hiển thị 85% được lưu trong tệp là 0,85. Hãy ghi điểm dưới dạng \
         số thông thường.",
    )
}

/// A column of numbers that is no criterion.
pub fn unknown_column(name: &str) -> Violation {
    Violation::new(
        "/criterion",
        "unknown_column",
        format!("No criterion of the edition is called `{name}`: mend the head, or leave the column out."),
        format!("Kỳ đánh giá không có tiêu chí `{name}`: hãy sửa tiêu đề cột hoặc bỏ cột này."),
    )
}

/// A cell beyond the heads, or below an empty one.
pub fn cell_without_head() -> Violation {
    Violation::new(
        "",
        "cell_without_head",
        "The cell stands below no head: a comma within a number needs quotes around it or another separator \
         between columns.",
        "Ô không nằm dưới tiêu đề nào: số có dấu phẩy phải đặt trong ngoặc kép hoặc các cột phải dùng dấu phân \
         cách khác.",
    )
}

/// A quote that takes in the lines after it.
pub fn unclosed_quote() -> Violation {
    Violation::new(
        "",
        "unclosed_quote",
        "A quote is opened and not closed as it should be; the lines that it takes in are not read.",
        "Có dấu ngoặc kép mở mà không đóng đúng; các dòng bị gộp vào sau dấu này không được đọc.",
    )
}

/// A comma where none is declared.
pub fn decimal_comma() -> Violation {
    Violation::new(
        "/score",
        "decimal_comma",
        "It has a comma: declare `decimal=comma` when that is the decimal mark.",
        "Giá trị có dấu phẩy: hãy khai báo `decimal=comma` nếu đó là dấu thập phân.",
    )
}

/// A point where a comma is declared.
pub fn decimal_point() -> Violation {
    Violation::new(
        "/score",
        "decimal_point",
        "It has a point, where the decimal mark is declared to be a comma.",
        "Giá trị có dấu chấm trong khi dấu thập phân được khai báo là dấu phẩy.",
    )
}

/// No column of units.
pub fn no_unit_column(names: &[String], wanted: Option<&str>) -> Violation {
    let heads = names.iter().filter(|name| !name.is_empty()).cloned().collect::<Vec<_>>().join(", ");
    match wanted {
        Some(wanted) => Violation::new(
            "unit_column",
            "no_unit_column",
            format!("There is no column `{wanted}`; the heads are: {heads}."),
            format!("Không có cột `{wanted}`; các tiêu đề là: {heads}."),
        ),
        None => Violation::new(
            "unit_column",
            "no_unit_column",
            format!("No column of units is known among the heads: {heads}. Name it with `unit_column`."),
            format!("Không nhận ra cột đơn vị trong các tiêu đề: {heads}. Hãy chỉ rõ bằng `unit_column`."),
        ),
    }
}

/// A long table without one of its columns.
pub fn no_column(name: &str) -> Violation {
    Violation::new(
        "layout",
        "no_column",
        format!("A long table has a column `{name}`."),
        format!("Bảng dạng dọc phải có cột `{name}`."),
    )
}

/// No column of scores.
pub fn no_score_column() -> Violation {
    Violation::new(
        "layout",
        "no_score_column",
        "No column is a criterion of the edition or its total.",
        "Không có cột nào là tiêu chí của kỳ đánh giá hoặc tổng điểm.",
    )
}

/// A criterion with two columns.
pub fn duplicate_column(code: &str, other: usize) -> Violation {
    let other = other + 1;
    Violation::new(
        "/criterion",
        "duplicate_column",
        format!("The criterion `{code}` is column {other} already."),
        format!("Tiêu chí `{code}` đã có ở cột {other}."),
    )
}

/// A name of several criteria.
pub fn ambiguous_criterion(name: &str, codes: &[String]) -> Violation {
    let codes = codes.join(", ");
    Violation::new(
        "/criterion",
        "ambiguous_criterion",
        format!("`{name}` is the name of several criteria: {codes}. Use the code."),
        format!("`{name}` là tên của nhiều tiêu chí: {codes}. Hãy dùng mã."),
    )
}
