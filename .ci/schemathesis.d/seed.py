"""Records that the examples of the document name, so that requests like them get past the first rule."""

import json
import os
import sys
import urllib.request

BASE = sys.argv[1] + "/api/v1"


def ask(method: str, path: str, body: object) -> None:
    headers = {"content-type": "application/json", "authorization": f"Bearer {os.environ['API_KEY']}"}
    request = urllib.request.Request(BASE + path, json.dumps(body).encode(), headers, method=method)
    with urllib.request.urlopen(request) as answer:
        answer.read()


def main() -> None:
    for id, name, level, parent, begin, end in [
        ("gso-87", "Tỉnh Đồng Tháp", "province", None, None, "2025-07-01"),
        ("gso-89", "Tỉnh An Giang", "province", None, None, "2025-07-01"),
        ("gso-874", "Huyện Thanh Bình", "district", "gso-87", None, "2025-07-01"),
        ("gso-30145", "Xã Tân Mỹ", "commune", "gso-874", None, "2025-07-01"),
        ("gso-30130", "Thị trấn Thanh Bình", "commune", "gso-874", None, "2025-07-01"),
        ("gso25-82", "Tỉnh Đồng Tháp", "province", None, "2025-07-01", None),
        ("gso25-30130", "Xã Thanh Bình", "commune", "gso25-82", "2025-07-01", None),
        ("gso25-30154", "Xã Tân Long", "commune", "gso25-82", "2025-07-01", None),
    ]:
        scheme, code = id.split("-")
        ask("POST", "/units", {"id": id, "name": name, "level": level, "parent_id": parent, "code": code,
                               "code_scheme": scheme, "valid_from": begin, "valid_to": end})
    for n in range(20):
        code = f"000.05.15.H20-210302-{n:04}"
        ask("PUT", f"/dossiers/{code}", {
            "code": code, "unit_id": ["gso-874", "gso-30145", "gso-30130"][n % 3], "field": ["Hộ tịch", "Đất đai"][n % 2],
            "submitted_via": ["in_person", "online", "postal"][n % 3], "status": 4,
            "accepted_at": "2021-03-02T08:00:00+07:00", "due_at": "2021-03-10T17:00:00+07:00"})
        if n % 2:
            ask("POST", f"/dossiers/{code}/events", {"status": 9, "at": "2021-03-09T08:00:00+07:00"})
    ask("PUT", "/indexes/pci", {"name": "Chỉ số năng lực cạnh tranh cấp tỉnh"})
    for year in (2015, 2016):
        ask("PUT", f"/indexes/pci/editions/{year}", {
            "framework": "pci-2013", "unit_of_measure": "points", "decimals": 2, "method": "weighted",
            "criteria": [{"code": "entry", "name": "Gia nhập", "max_points": 10, "weight": 40},
                         {"code": "transparency", "name": "Minh bạch", "max_points": 10, "weight": 60}],
            "cohorts": [{"code": "provinces", "name": "Các tỉnh", "unit_ids": ["gso-87", "gso-89"]}],
            "bands": [{"label": "Khá", "from": 0, "to": 60}, {"label": "Tốt", "from": 60, "to": None}]})
        for i, unit in enumerate(("gso-87", "gso-89")):
            for j, criterion in enumerate(("entry", "transparency", None)):
                ask("POST", "/index-scores", {"index_code": "pci", "year": year, "unit_id": unit, "stage": "final",
                                              "criterion": criterion, "score": f"{5 + (i + j + year) % 4}.25"})
    ask("POST", "/indexes/pci/editions/2015/publish", {})


main()
