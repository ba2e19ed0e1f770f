//! What people read for the words of the interface: Vietnamese and English labels, list by list, in the order in
//! which a form shows them. A test fails for a word without a label.

/// A list: its name, its Vietnamese and English labels, and the labels of its words.
pub type ListLabels = (&'static str, &'static str, &'static str, &'static [Label]);

/// A word with its Vietnamese and English labels.
pub type Label = (&'static str, &'static str, &'static str);

/// Every list, by name.
#[rustfmt::skip]
pub const LABELS: &[ListLabels] = &[
    ("ActionKind", "Loại việc cải thiện", "Kind of an improvement action", &[
        ("plan_task", "Nhiệm vụ theo kế hoạch", "Task of a plan"),
        ("initiative", "Sáng kiến", "Initiative"),
        ("business_difficulty", "Khó khăn, vướng mắc của doanh nghiệp", "Difficulty of businesses"),
        ("inspection_finding", "Kết luận thanh tra, kiểm tra", "Finding of an inspection"),
    ]),
    ("ActionStatus", "Tình trạng việc cải thiện", "State of an improvement action", &[
        ("open", "Chưa thực hiện", "Ordered, not begun"),
        ("in_progress", "Đang thực hiện", "In progress"),
        ("done", "Đã hoàn thành", "Done"),
        ("cancelled", "Đã hủy", "Cancelled"),
    ]),
    ("ChangeAction", "Thao tác", "What a change did", &[
        ("create", "Thêm mới", "Created"),
        ("update", "Cập nhật", "Updated"),
        ("delete", "Xóa", "Deleted"),
    ]),
    ("ChangedResource", "Loại bản ghi", "Kind of record", &[
        ("units", "Đơn vị", "Units"),
        ("dossiers", "Hồ sơ", "Dossiers"),
        ("indexes", "Bộ chỉ số", "Indexes"),
        ("editions", "Kỳ đánh giá", "Editions"),
        ("index-scores", "Điểm chỉ số", "Index scores"),
        ("api-keys", "Khóa truy cập", "Keys"),
        ("commendations", "Khen thưởng", "Commendations"),
        ("reported-figures", "Số liệu báo cáo", "Reported figures"),
        ("improvement-actions", "Việc cải thiện", "Improvement actions"),
        ("calendars", "Lịch làm việc", "Calendars"),
        ("procedures", "Thủ tục hành chính", "Procedures"),
        ("form-reports", "Báo cáo biểu II.06a đã chốt", "Frozen reports of form II.06a"),
        ("returns", "Biểu tổng hợp do đơn vị gửi", "Returns of totals"),
        ("clock-rules", "Quy tắc tính hạn", "Clock rules"),
        ("webhooks", "Webhook", "Webhooks"),
    ]),
    ("CommendationFlag", "Lưu ý về quyết định khen thưởng", "Flag of a commendation", &[
        ("undated", "Có số nhưng không có ngày", "It has a number and no date"),
        ("second_award", "Khen lần thứ hai cho cùng thành tích", "A second award for the same year"),
    ]),
    ("CommendationForm", "Hình thức khen thưởng", "Form of a commendation", &[
        ("giay_khen", "Giấy khen", "Certificate of commendation (giấy khen)"),
        ("bang_khen", "Bằng khen", "Certificate of merit (bằng khen)"),
        ("co_thi_dua", "Cờ thi đua", "Emulation flag (cờ thi đua)"),
        ("lao_dong_tien_tien", "Lao động tiên tiến, tập thể lao động tiên tiến", "Advanced worker or collective (lao động tiên tiến)"),
        ("chien_si_thi_dua_co_so", "Chiến sĩ thi đua cơ sở", "Emulation fighter at the grassroots (chiến sĩ thi đua cơ sở)"),
        ("other", "Hình thức khác", "Another form"),
    ]),
    ("DeliveryStatus", "Tình trạng gửi thông báo của webhook", "State of a delivery of a webhook", &[
        ("pending", "Chờ gửi hoặc chờ gửi lại", "To be sent or sent again"),
        ("delivered", "Đã gửi", "Delivered"),
        ("failed", "Không gửi được", "Given up"),
        ("skipped", "Bỏ qua", "Passed over"),
    ]),
    ("StopReason", "Lý do webhook bị dừng", "Why a webhook was stopped", &[
        ("failing", "Nhiều lần liên tiếp không gửi được", "Deliveries failed again and again"),
        ("owner_gone", "Khóa truy cập của chủ sở hữu đã hết hiệu lực", "The key of its owner has ended"),
        ("changes_gone", "Các thay đổi chưa gửi không còn được lưu", "The changes to tell are no longer kept"),
    ]),
    ("ComponentKind", "Loại thành phần của tổng điểm", "Kind of a component of a total", &[
        ("criterion", "Tiêu chí", "Criterion"),
        ("residual", "Phần chênh lệch không thuộc tiêu chí nào", "Residual"),
    ]),
    ("CriterionKind", "Loại tiêu chí", "Kind of a criterion", &[
        ("ordinary", "Tiêu chí thông thường", "Ordinary"),
        ("bonus_penalty", "Điểm thưởng, điểm trừ", "Bonus and penalty points"),
    ]),
    ("DayKind", "Loại ngày trong lịch", "Kind of a listed day", &[
        ("off", "Nghỉ lễ, nghỉ bù", "Holiday, or the day off for one"),
        ("working", "Làm việc, làm bù", "Working day, also on a weekend"),
        ("swapped", "Nghỉ hoán đổi", "Taken off in exchange"),
        ("saturday_duty", "Trực thứ Bảy", "Saturday on duty"),
    ]),
    ("DayOff", "Lý do ngày không được tính", "Why a day did not count", &[
        ("weekend", "Thứ Bảy, Chủ nhật", "Weekend"),
        ("holiday", "Nghỉ lễ, nghỉ bù", "Holiday"),
        ("swapped", "Nghỉ hoán đổi", "Taken off in exchange"),
        ("saturday_duty", "Trực thứ Bảy", "Saturday on duty"),
    ]),
    ("DecimalMark", "Dấu thập phân trong tệp", "Decimal mark of a file", &[
        ("point", "Dấu chấm (64.96)", "Point (64.96)"),
        ("comma", "Dấu phẩy (64,96)", "Comma (64,96)"),
    ]),
    ("DeltaUnit", "Đơn vị của chênh lệch điểm", "Unit of a difference of scores", &[
        ("points", "Điểm", "Points"),
        ("percentage_points", "Điểm phần trăm", "Percentage points"),
    ]),
    ("Direction", "Chiều thay đổi thứ hạng", "Where a rank went", &[
        ("up", "Tăng hạng", "Up"),
        ("down", "Giảm hạng", "Down"),
        ("same", "Giữ hạng", "The same"),
        ("new", "Mới xếp hạng", "New"),
    ]),
    ("DueRule", "Nguồn của hạn trả", "What moved a due date", &[
        ("given", "Được ấn định", "Given by somebody"),
        ("restart", "Tính lại từ đầu sau khi tạm dừng", "A pause ended and the term began again"),
        ("extend", "Cộng thêm thời gian tạm dừng", "A pause ended and the date moved by its length"),
        ("recompute", "Tính lại theo lịch làm việc mới", "Computed again with another calendar"),
    ]),
    ("DvcqgResult", "Kết quả đồng bộ hồ sơ từ Cổng Dịch vụ công quốc gia", "What became of a record of the national portal", &[
        ("created", "Đã thêm mới", "Created"),
        ("updated", "Đã cập nhật", "Updated"),
        ("unchanged", "Không thay đổi", "Unchanged"),
        ("rejected", "Bị từ chối", "Rejected"),
    ]),
    ("EditionStatus", "Tình trạng kỳ đánh giá", "Where an edition stands", &[
        ("draft", "Dự thảo", "Draft"),
        ("self_assessment", "Đang tự đánh giá", "Open for self-assessment"),
        ("appraisal", "Đang thẩm định", "Under appraisal"),
        ("published", "Đã công bố", "Published"),
    ]),
    ("Extent", "Phạm vi sáp nhập", "How much of a unit passed on", &[
        ("whole", "Toàn bộ", "Whole"),
        ("part", "Một phần", "Part"),
    ]),
    ("FigureUnit", "Đơn vị tính của số liệu báo cáo", "Unit of a reported figure", &[
        ("count", "Số lượng", "Count"),
        ("points", "Điểm", "Points"),
        ("percentage_points", "Điểm phần trăm", "Percentage points"),
        ("percent", "Phần trăm", "Percent"),
        ("places", "Bậc", "Places"),
        ("band", "Xếp loại", "Band"),
    ]),
    ("FileFormat", "Định dạng kết quả", "How standings are written", &[
        ("json", "JSON", "JSON"),
        ("csv", "CSV", "CSV"),
        ("xlsx", "Bảng tính (XLSX)", "Spreadsheet (XLSX)"),
        ("json-stat", "JSON-stat 2.0", "JSON-stat 2.0"),
    ]),
    ("FormFormat", "Định dạng biểu mẫu", "How a form is written", &[
        ("json", "JSON", "JSON"),
        ("csv", "CSV", "CSV"),
        ("xlsx", "Bảng tính (XLSX)", "Spreadsheet (XLSX)"),
    ]),
    ("Grouping", "Cách nhóm thống kê hồ sơ", "What rows of statistics are told apart by", &[
        ("unit", "Đơn vị", "Unit"),
        ("level", "Cấp", "Level"),
        ("field", "Lĩnh vực", "Field"),
        ("month", "Tháng", "Month"),
        ("procedure", "Thủ tục", "Procedure"),
        ("channel", "Hình thức nộp", "Channel of submission"),
    ]),
    ("ImportFormat", "Định dạng tệp nhập, xuất", "Format of a file of records", &[
        ("csv", "CSV", "CSV"),
        ("ndjson", "NDJSON", "NDJSON"),
    ]),
    ("ImportMode", "Cách xử lý dòng sai", "What a rejected row does to the others", &[
        ("rows", "Từng dòng độc lập", "Each row stands for itself"),
        ("atomic", "Tất cả hoặc không dòng nào", "All rows or none"),
    ]),
    ("ImportStatus", "Tình trạng lần nhập", "Where an import is", &[
        ("running", "Đang chạy", "Running"),
        ("done", "Đã xong", "Done"),
        ("failed", "Thất bại", "Failed"),
        ("cancelled", "Đã hủy", "Cancelled"),
        ("interrupted", "Bị gián đoạn", "Interrupted"),
    ]),
    ("Level", "Cấp đơn vị", "Level of a unit", &[
        ("national", "Trung ương", "National"),
        ("province", "Cấp tỉnh", "Province"),
        ("department", "Sở, ban, ngành", "Department"),
        ("district", "Cấp huyện (đến ngày 30/6/2025)", "District (until 30 June 2025)"),
        ("commune", "Cấp xã", "Commune"),
        ("other", "Khác", "Other"),
    ]),
    ("Method", "Cách tính điểm", "How a total comes from criteria", &[
        ("points", "Cộng điểm", "Sum of points"),
        ("weighted", "Theo trọng số", "Weighted"),
        ("normalised", "Chuẩn hóa trong nhóm", "Scaled within the cohort"),
    ]),
    ("Missing", "Lý do không có số liệu tính toán", "Why nothing is computed", &[
        ("no_scores", "Không có điểm", "No scores"),
        ("no_base", "Không có năm gốc", "No base year"),
        ("other_period", "Số liệu của kỳ khác", "A figure of another period"),
        ("unknown_measure", "Không có chỉ tiêu này", "No such measure"),
        ("withheld", "Số hồ sơ quá ít nên không công khai", "Too few dossiers to be shown to the public"),
    ]),
    ("Mode", "Cách nhận sự kiện", "How an event is met", &[
        ("strict", "Chặt chẽ", "Strict"),
        ("sync", "Đồng bộ từ hệ thống khác", "Sync from another system"),
    ]),
    ("NoDueDate", "Lý do không có hạn trả", "Why no due date follows", &[
        ("unknown_procedure", "Không có thủ tục này trong danh mục", "No such procedure in the catalogue"),
        ("no_term", "Thủ tục không ghi thời hạn", "The procedure has no term"),
        ("out_of_range", "Hạn trả sau năm 2999", "It would lie after the year 2999"),
    ]),
    ("NotComparable", "Lý do không so sánh được", "Why years don't compare", &[
        ("framework_differs", "Khung đánh giá hoặc cách tính tổng điểm khác nhau", "Different frameworks or rules of totals"),
        ("unit_of_measure_differs", "Đơn vị tính khác nhau", "Different units of measure"),
        ("cohort_missing_in_base", "Năm gốc không có nhóm xếp hạng này", "The base year has no such cohort"),
        ("scaled_within_cohort", "Điểm được chuẩn hóa trong nhóm nên còn tùy điểm của các đơn vị khác", "Scaled within the cohort, scores move with those of other units"),
    ]),
    ("NotUsedReason", "Lý do biểu tổng hợp không được tính", "Why a return is not counted", &[
        ("superseded", "Đơn vị đã có hồ sơ trong kỳ", "The unit has dossiers in the period"),
        ("not_whole", "Kỳ yêu cầu không gồm trọn các kỳ đã gửi", "The period is not made up of whole returned periods"),
        ("covered", "Biểu khác của đơn vị đã gồm các ngày này", "Other returns cover the same days"),
    ]),
    ("OnlineLevel", "Mức dịch vụ công trực tuyến", "Level of an online service", &[
        ("3", "Mức độ 3", "Level 3"),
        ("4", "Mức độ 4", "Level 4"),
        ("partial", "Một phần", "Partial"),
        ("full", "Toàn trình", "Full"),
    ]),
    ("OutOfReach", "Lý do không thể đạt mục tiêu", "Why a goal is out of reach", &[
        ("above_maximum", "Điểm tối đa cũng không đủ", "Not even the maximum gives it"),
        ("below_minimum", "Điểm tối thiểu cũng không đủ", "Not even the minimum gives it"),
        ("gives_nothing", "Điểm tốt hơn đến đâu cũng không đủ", "No better score gives it"),
        ("effect_unknown", "Không xác định được tác động của điểm", "What a score would add is not known"),
        ("not_applicable", "Tiêu chí không áp dụng cho đơn vị", "The criterion does not apply to the unit"),
    ]),
    ("Outcome", "Kết quả giải quyết", "What became of a dossier", &[
        ("early", "Trước hạn", "Early"),
        ("on_time", "Đúng hạn", "On time"),
        ("late", "Quá hạn", "Late"),
        ("unclassified", "Không có hạn trả", "Finished without a due date"),
        ("in_progress", "Đang giải quyết", "In progress"),
        ("overdue", "Đang giải quyết, đã quá hạn", "Open and overdue"),
        ("ended_otherwise", "Rút hoặc dừng xử lý", "Withdrawn or stopped"),
        ("not_counted", "Chưa được tiếp nhận", "Never accepted"),
    ]),
    ("PauseRule", "Cách tính hạn khi tạm dừng", "What a pause does to the term", &[
        ("restart", "Tính lại từ đầu", "The term begins again"),
        ("extend", "Cộng thêm thời gian tạm dừng", "The due date moves by the pause"),
    ]),
    ("PeriodCalendar", "Cách tính kỳ", "Calendar of periods", &[
        ("civil", "Theo năm dương lịch", "Civil"),
        ("statutory", "Theo kỳ báo cáo (từ ngày 15 đến ngày 14)", "Statutory (15th to 14th)"),
    ]),
    ("Polarity", "Chiều của chỉ tiêu", "Polarity of an indicator", &[
        ("positive", "Càng cao càng tốt", "More is better"),
        ("negative", "Càng thấp càng tốt", "Less is better"),
    ]),
    ("Preset", "Mẫu đọc tệp", "Declared way of reading a file", &[
        ("dvcqg", "Cổng Dịch vụ công quốc gia", "National Public Service Portal"),
    ]),
    ("RecordMeasure", "Tỷ lệ tính từ hồ sơ", "Rate of dossier statistics", &[
        ("on_time_of_resolved", "Trước hạn và đúng hạn trên tổng số đã giải quyết", "Early and on time, of the resolved"),
        ("on_time_of_classified", "Trước hạn và đúng hạn trên số đã giải quyết có hạn trả", "Early and on time, of those resolved with a due date"),
        ("online_of_received", "Nộp trực tuyến trên tổng số tiếp nhận", "Submitted online, of the received"),
        ("in_time_of_handled", "Đúng hạn hoặc còn hạn trên tổng số phải giải quyết", "In time, of all there was to handle"),
        ("returned_by_post_of_resolved", "Trả kết quả qua bưu chính trên tổng số đã giải quyết", "Returned by post, of the resolved"),
    ]),
    ("RecordOutcome", "Kết quả tính điểm từ hồ sơ", "What became of a computed score", &[
        ("created", "Thêm điểm mới", "New"),
        ("updated", "Thay điểm đã có", "In place of another"),
        ("unchanged", "Không thay đổi", "As it was"),
        ("kept_given", "Giữ điểm đã nhập", "The score that somebody gave stays"),
    ]),
    ("RecordPeriod", "Phần của năm", "Part of the year", &[
        ("year", "Cả năm", "The whole year"),
        ("H1", "6 tháng đầu năm", "First half-year"),
        ("H2", "6 tháng cuối năm", "Second half-year"),
        ("Q1", "Quý I", "First quarter"),
        ("Q2", "Quý II", "Second quarter"),
        ("Q3", "Quý III", "Third quarter"),
        ("Q4", "Quý IV", "Fourth quarter"),
    ]),
    ("RecipientKind", "Đối tượng được khen", "Kind of recipient", &[
        ("collective", "Tập thể", "Collective"),
        ("individual", "Cá nhân", "Individual"),
    ]),
    ("ReportFormat", "Định dạng báo cáo nhập", "How a report of an import is written", &[
        ("json", "JSON", "JSON"),
        ("csv", "CSV", "CSV"),
    ]),
    ("ReturnChannel", "Hình thức trả kết quả", "How a result was handed over", &[
        ("counter", "Tại quầy", "At the counter"),
        ("online", "Trực tuyến", "Online"),
        ("postal", "Bưu chính công ích", "By public post"),
        ("home", "Tại nhà", "At home"),
    ]),
    ("Scope", "Quyền của khóa truy cập", "What a key may do", &[
        ("dossiers:read", "Xem hồ sơ", "Read dossiers"),
        ("dossiers:write", "Ghi hồ sơ", "Write dossiers"),
        ("scores:read", "Xem điểm chưa công bố", "Read scores that are not published"),
        ("scores:write", "Ghi điểm", "Write scores"),
        ("indexes:publish", "Lập và công bố kỳ đánh giá", "Write and publish editions"),
        ("commendations:read", "Xem tên cá nhân được khen thưởng", "Read names of individual recipients"),
        ("commendations:write", "Ghi quyết định khen thưởng", "Write commendations"),
        ("units:write", "Ghi đơn vị, lịch, thủ tục", "Write units, calendars and procedures"),
        ("reports:write", "Ghi báo cáo", "Write reports"),
        ("admin", "Quản trị", "Everything"),
    ]),
    ("ScoreChange", "Tác động của dòng nhập điểm", "What a line of a score table does", &[
        ("create", "Thêm điểm mới", "Makes a score"),
        ("update", "Thay điểm đã có", "Changes a score"),
        ("unchanged", "Không thay đổi", "Changes nothing"),
    ]),
    ("ScoreFileFormat", "Định dạng tệp điểm", "How scores are written in a file", &[
        ("csv", "CSV", "CSV"),
        ("ndjson", "NDJSON", "NDJSON"),
        ("json", "JSON", "JSON"),
        ("xlsx", "Bảng tính (XLSX)", "Spreadsheet (XLSX)"),
        ("json-stat", "JSON-stat 2.0", "JSON-stat 2.0"),
    ]),
    ("ScoreStage", "Giai đoạn chấm điểm", "Stage of a score", &[
        ("self", "Tự đánh giá", "Self-assessed"),
        ("appraised", "Thẩm định", "Appraised"),
        ("survey", "Điều tra xã hội học", "Survey"),
        ("final", "Chính thức", "Final"),
    ]),
    ("ScoreUnit", "Đơn vị tính của điểm", "What a score counts", &[
        ("points", "Điểm", "Points"),
        ("percent", "Phần trăm", "Percent"),
    ]),
    ("SeriesGap", "Lý do chuỗi số liệu bị khuyết", "Why a year of a series is a gap", &[
        ("no_edition", "Năm này không có kỳ đánh giá", "No edition of that year"),
        ("no_cohort", "Kỳ đánh giá không có nhóm xếp hạng này", "No such cohort in the edition"),
        ("not_in_cohort", "Đơn vị không thuộc nhóm xếp hạng", "The unit is not in the cohort"),
        ("unranked", "Đơn vị không được xếp hạng", "The unit has no rank"),
    ]),
    ("Status", "Trạng thái hồ sơ", "Status of a dossier", &[
        ("1", "Mới đăng ký", "Newly registered"),
        ("2", "Được tiếp nhận", "Accepted"),
        ("3", "Không được tiếp nhận", "Not accepted"),
        ("4", "Đang xử lý", "In progress"),
        ("5", "Yêu cầu bổ sung giấy tờ", "Supplement requested"),
        ("6", "Yêu cầu thực hiện nghĩa vụ tài chính", "Financial duty requested"),
        ("7", "Công dân yêu cầu rút hồ sơ", "Withdrawn by the applicant"),
        ("8", "Dừng xử lý", "Processing stopped"),
        ("9", "Đã xử lý xong", "Processing finished"),
        ("10", "Đã trả kết quả", "Result returned"),
    ]),
    ("SubmissionChannel", "Hình thức nộp hồ sơ", "How a dossier was submitted", &[
        ("in_person", "Trực tiếp", "In person"),
        ("online", "Trực tuyến", "Online"),
        ("postal", "Bưu chính công ích", "By public post"),
        ("home_appointment", "Tại nhà theo lịch hẹn", "At home by appointment"),
    ]),
    ("TableLayout", "Dạng bảng điểm", "Layout of a score table", &[
        ("auto", "Tự nhận biết", "Seen by the heads"),
        ("wide", "Mỗi dòng một đơn vị, mỗi cột một tiêu chí", "A row a unit, a column a criterion"),
        ("long", "Mỗi dòng một điểm", "A row a score"),
    ]),
    ("TermUnit", "Đơn vị của thời hạn", "What a term counts", &[
        ("hours", "Giờ làm việc", "Working hours"),
        ("days", "Ngày", "Days"),
        ("working_days", "Ngày làm việc", "Working days"),
        ("months", "Tháng", "Months"),
        ("same_day", "Trong ngày", "Within the day"),
    ]),
    ("TiePlace", "Tác động của việc bằng điểm", "How a tie moved a place", &[
        ("caught_up", "Đuổi kịp", "Caught up"),
        ("fell_behind", "Tụt lại phía sau", "Fell behind"),
        ("shares_place", "Đồng hạng với đơn vị xếp trên", "Shares its place with one above"),
        ("shared_place", "Đã đồng hạng với đơn vị xếp trên ở năm gốc", "Shared its place with one above in the base year"),
    ]),
    ("TieRule", "Cách xếp hạng khi bằng điểm", "How equal scores share ranks", &[
        ("competition", "Cùng hạng, bỏ hạng kế tiếp (1, 2, 2, 4)", "Competition (1, 2, 2, 4)"),
        ("dense", "Cùng hạng, không bỏ hạng (1, 2, 2, 3)", "Dense (1, 2, 2, 3)"),
        ("ordinal", "Không cùng hạng, theo thứ tự tên (1, 2, 3, 4)", "Ordinal (1, 2, 3, 4)"),
    ]),
    ("TotalSource", "Nguồn của tổng điểm", "Where a total comes from", &[
        ("stored", "Theo tổng điểm công bố", "Stored"),
        ("computed", "Tính từ các tiêu chí", "Computed"),
    ]),
    ("Unranked", "Lý do không xếp hạng", "Why a unit has no rank", &[
        ("no_scores", "Không có điểm", "No scores"),
        ("incomplete_components", "Chưa đủ điểm thành phần", "Components are missing"),
        ("not_in_existence", "Đơn vị không tồn tại trong năm đó", "The unit did not exist that year"),
    ]),
    ("WithdrawnCount", "Cách tính hồ sơ rút", "What withdrawn dossiers count as", &[
        ("ended_otherwise", "Kết thúc không có kết quả", "Ended without a result"),
        ("on_time", "Giải quyết đúng hạn", "Resolved on time"),
    ]),
    ("ZeroDenominator", "Cách tính khi mẫu số bằng 0", "What a rate of nothing gives", &[
        ("zero", "Không điểm", "No points"),
        ("full", "Điểm tối đa", "Every point"),
        ("not_applicable", "Không áp dụng tiêu chí", "The criterion does not apply"),
    ]),
];

/// The labels of a list.
pub fn list(name: &str) -> Option<&'static ListLabels> {
    LABELS.iter().find(|(list, ..)| *list == name)
}

/// The Vietnamese and English labels of a word; the word itself where it has none.
pub fn labels(name: &str, word: &'static str) -> (&'static str, &'static str) {
    let found = list(name).and_then(|(.., words)| words.iter().find(|(code, ..)| *code == word));
    found.map_or((word, word), |(_, vietnamese, english)| (vietnamese, english))
}

/// The Vietnamese label of a word.
pub fn vietnamese(name: &str, word: &'static str) -> &'static str {
    labels(name, word).0
}
