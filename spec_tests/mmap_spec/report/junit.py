"""JUnit XML: a test case a clause, for the machines that read it."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from xml.etree import ElementTree

from mmap_spec.verdicts import Verdict


def render(spec: str, verdicts: Iterable[Verdict], seconds: float) -> str:
    """One test suite for one candidate."""
    verdicts = list(verdicts)
    skipped = [v for v in verdicts if v.verdict in ("known", "not-applicable")]
    suite = ElementTree.Element(
        "testsuite",
        name=f"mmap-spec {spec}",
        tests=str(len(verdicts)),
        failures=str(sum(v.red and v.verdict != "harness-error" for v in verdicts)),
        errors=str(sum(v.verdict == "harness-error" for v in verdicts)),
        skipped=str(len(skipped)),
        time=f"{seconds:.3f}",
    )
    for verdict in verdicts:
        time = sum(result.seconds for result in verdict.results)
        case = ElementTree.SubElement(
            suite,
            "testcase",
            classname=verdict.clause.topic,
            name=verdict.clause.id,
            time=f"{time:.3f}",
        )
        if verdict.red:
            kind = "error" if verdict.verdict == "harness-error" else "failure"
            found = verdict.reason or next((r.found for r in verdict.results if r.found), "")
            element = ElementTree.SubElement(
                case, kind, type=verdict.verdict, message=printable(found)
            )
            programs = [result.program for result in verdict.results if result.program]
            element.text = printable("\n\n".join(programs))
        elif verdict in skipped:
            message = f"{verdict.verdict}: {verdict.reason}"
            ElementTree.SubElement(case, "skipped", message=printable(message))
    stream = io.BytesIO()
    ElementTree.ElementTree(suite).write(stream, encoding="utf-8", xml_declaration=True)
    return stream.getvalue().decode("utf-8") + "\n"


def printable(text: str) -> str:
    """Text with escapes for the characters that XML does not have."""
    return re.sub(
        "[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]",
        lambda found: f"\\x{ord(found.group()):02x}",
        text,
    )
