import json
import re
from dataclasses import replace

import numpy as np
import pytest

from mathocr.data.samples import FormatError
from mathocr.data.service import Deployment, InputKind, OnlineTargets, Service, Speed
from mathocr.pipeline.cli import main
from mathocr.pipeline.feedback.store import FeedbackStore
from mathocr.pipeline.feedback.tables import Feedback
from mathocr.pipeline.monitor.answers import answer_rows
from mathocr.pipeline.monitor.drift import make_profile
from mathocr.pipeline.monitor.offline import compare_offline, load_offline
from mathocr.pipeline.monitor.report import judge_report, make_report
from mathocr.pipeline.monitor.summary import mean_interval
from mathocr.pipeline.monitor.tables import Look

from .conftest import formula, page, told
from .test_drift import samples

SERVICE = Service(
    name="s", purpose="p", inputs=(InputKind("all", 1),), labelling_guide="g", speed=Speed("d"),
    deployment=Deployment("local_cpu", "cpu", "h", 1),
)  # fmt: skip


def evaluation(confidence=0.65, exact=0.65, invalid=12, kinds=(("display", 240),)):
    """Report of an evaluation of 240 formulas."""
    bins = [{"low": 0.3, "high": 0.4, "count": 120, "confidence": 2 * confidence - 0.95, "right": 0.3},
            {"low": 0.9, "high": 1.0, "count": 120, "confidence": 0.95, "right": 0.9}]  # fmt: skip
    lengths = {"5-8": {"count": 120}, "1": {"count": 120}}
    slices = {"kind": {name: {"count": count} for name, count in kinds}, "length": lengths}
    part = {"canonical": {"count": 240, "exact_match": exact}, "invalid_predictions": invalid,
            "stopped": {"end": 240, "length": 0}, "calibration": {"bins": bins}, "slices": slices}  # fmt: skip
    models = {"im2latex": {"name": "reader", "sha256": "e" * 64}}
    return {"schema": "mathocr-evaluation/1", "data": {"name": "heldout"}, "im2latex": part, "models": models,
            "speed": {"crop_median_ms": 100.0}}  # fmt: skip


def said(store, number, action):
    more = {"corrected_latex": "z"} if action == "correction" else {}
    entry = Feedback(client_id=f"client-{number}", owner="a", action=action, width=9, height=9, source="web",
                     box=[number, 0, number + 5, 5], kind="display", latex="x", confidence=0.9, **more)  # fmt: skip
    store.add(entry)


def test_the_mean_of_parts_has_an_interval():
    found = mean_interval([2] * 100, [2.0, 0.0] * 50)
    assert found["value"] == 0.5 and 0.35 < found["low"] < 0.42 and 0.58 < found["high"] < 0.65
    assert mean_interval([0, 0], [0.0, 0.0]) is None and mean_interval([], []) is None
    many = mean_interval(np.ones(5000), np.tile([1.0, 0.0], 2500))
    assert many["value"] == 0.5


def test_a_report_of_what_was_answered(filled, tmp_path):
    filled.add(answer_rows(told(1_003_600.0, failure=504, refused=4, lost=1, dropped=2), []))
    filled.add(answer_rows(told(1_003_601.0, failure=422), []))
    filled.add(answer_rows(told(1_100_000.0), [page([formula("x", 0.5, kind="inline")])]))
    report = make_report(tmp_path / "store")
    assert report["traffic"] == {
        "requests": 123, "refused": 4, "lost": 1, "dropped": 2, "failures": {"422": 1, "504": 1},
        "failed": 5 / 127, "busiest_per_s": {"crop": 2 / 60, "page": 1 / 60}, "overloaded": True,
    }  # fmt: skip
    part = report["im2latex"]
    assert part["count"] == 241 and part["kind"] == {"display": 240, "inline": 1}
    assert part["bins"] == [0, 0, 0, 120, 0, 1, 0, 0, 0, 120] and part["length"] == {"1": 121, "5-8": 120}
    assert part["valid"]["value"] == pytest.approx(229 / 241)
    times = report["latency"]["crop"]
    assert times["model"]["median_ms"] == pytest.approx(50 + 59.5 + 2) and times["queued"]["p95_ms"] == 5
    assert [day["pages"] for day in report["days"]] == [120, 1] and report["detector"]["pages"] == 1
    assert report["models"]["im2latex"] == [{"name": "reader", "sha256": "e" * 64, "pages": 121}]
    assert not {"self_check", "drift", "shadow", "feedback"} & set(report)
    assert make_report(tmp_path / "store", since=1_050_000.0)["data"]["formulas"] == 1


def test_a_rate_is_judged_where_it_was_reached_or_refused(filled, tmp_path):
    report = make_report(tmp_path / "store")

    def verdict(asked):
        (row,) = judge_report(report, replace(SERVICE, speed=Speed("d", crops_per_second=asked)))["rows"]
        return row["verdict"]

    assert verdict(0.03) == "pass" and verdict(5.0) == "not measured"
    report["traffic"]["overloaded"] = True
    assert verdict(5.0) == "fail"


def test_targets_of_live_traffic(filled, tmp_path):
    filled.add([Look(created=0.0, kind="self_check", rows=[{"confidence": 0.9, "match": one} for one in (0.9, 0.2)])])
    feedback = FeedbackStore(tmp_path / "store")
    for number in range(4):
        said(feedback, 10 * number, "confirmation" if number else "correction")
    report = make_report(tmp_path / "store")
    assert report["self_check"]["passed_sure"]["value"] == 0.5
    assert report["feedback"]["wrong"]["value"] == 0.25 and report["feedback"]["corrected_share"] == 1 / 240
    asked = OnlineTargets(valid=0.99, self_check=0.5, failed=0.01, corrected=0.1, input_drift=0.25)
    judged = judge_report(report, replace(SERVICE, online=asked))
    verdicts = {row["target"].split(".")[1]: row["verdict"] for row in judged["rows"]}
    assert verdicts == {"valid": "fail", "self_check": "pass", "failed": "pass", "corrected": "pass",
                        "input_drift": "not measured"}  # fmt: skip
    assert judged["missed"] == 1 and any("--profile" in note for note in judged["notes"])


def test_offline_and_live_agree_or_not(filled, tmp_path):
    report = make_report(tmp_path / "store")
    same = compare_offline(report, evaluation())
    assert same["disagree"] == [] and not same["notes"] and len(same["rows"]) == 8
    other = compare_offline(report, evaluation(0.9, 0.9, invalid=60, kinds=(("inline", 240),)))
    assert {"mean confidence", "valid", "shares of kinds"} <= set(other["disagree"])
    strange = evaluation()
    strange["models"]["im2latex"]["sha256"] = "0" * 64
    assert "did not answer" in compare_offline(report, strange)["notes"][0]


@pytest.mark.parametrize(
    ("text", "words"), [(None, "mathocr evaluate` writes it"), ("{", "not JSON"), ("[]", "schema must be")]
)
def test_what_is_no_evaluation_is_refused(tmp_path, text, words):
    if text is not None:
        (tmp_path / "report.json").write_text(text)
    with pytest.raises(FormatError, match=words):
        load_offline(tmp_path)


def test_the_command_writes_a_page_that_stands_alone(filled, tmp_path, capsys):
    (tmp_path / "report.json").write_text(json.dumps(evaluation()))
    profile = make_profile(samples([f"x + {n}" for n in range(60)]), "<set>")
    (tmp_path / "p.json").write_text(json.dumps(profile))
    filled.add([Look(created=0.0, kind="inputs", rows=[{"height": 500.0}] * 60)])
    (tmp_path / "s.yaml").write_text(
        "name: s\npurpose: p\ninputs: [{name: a, samples: 1}]\nlabelling_guide: g\nspeed: {definition: d}\n"
        "deployment: {where: local_cpu, device: cpu, hardware: h, threads: 1}\nonline: {input_drift: 0.25}\n"
    )
    out, copy = tmp_path / "out", tmp_path / "docs" / "live.md"
    arguments = ["monitor", "report", str(tmp_path / "store"), "--offline", str(tmp_path), "--output", str(out),
                 "--profile", str(tmp_path / "p.json"), "--report", str(copy)]  # fmt: skip
    assert main(arguments) == 0
    assert main([*arguments, "--targets", str(tmp_path / "s.yaml")]) == 1
    text = capsys.readouterr().out
    assert "| height of the ink, px | 60 | 500.00 |" in text and "| online.input_drift | at most 0.25 |" in text
    page = (out / "report.html").read_text()
    assert "&lt;set&gt;" in page and "<set>" not in page and not re.search(r'(src|href)="?(https?:)?//', page)
    assert page.count("<figure") == 2 and 'id="plot-drift"' in page
    report = json.loads((out / "report.json").read_text())
    assert report["drift"]["drifted"] == ["height", "tokens"] and report["targets"]["missed"] == 1
    assert "![confidence](live-plots/confidence.svg)" in copy.read_text()
    assert (copy.parent / "live-plots" / "confidence.svg").read_text().startswith("<svg")


def test_a_profile_from_the_command_line(tmp_path, capsys):
    import cv2

    for number, sample in enumerate(samples(["a", "b"])):
        cv2.imwrite(str(tmp_path / f"{number}.png"), sample.load())
    rows = [{"image": f"{number}.png", "latex": "x"} for number in range(2)]
    (tmp_path / "labels.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert main(["monitor", "profile", str(tmp_path / "labels.jsonl"), "--output", str(tmp_path / "p.json")]) == 0
    assert json.loads((tmp_path / "p.json").read_text())["count"] == 2


def test_a_store_without_answers_is_wrong_usage(tmp_path, capsys):
    assert main(["monitor", "report", str(tmp_path)]) == 2
    FeedbackStore(tmp_path)
    assert main(["monitor", "report", str(tmp_path)]) == 2
    assert "--monitor true" in capsys.readouterr().err
