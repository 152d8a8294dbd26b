"""What text of others looks like once it is safe to show."""

from __future__ import annotations

import re
import sys

from queuectl.model.printable import printable


def test_every_line_that_is_made_printable_is_one_line_of_ascii_controls_free_text() -> None:
    text = printable("".join(map(chr, range(sys.maxunicode + 1))))
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e]", text)


def test_what_is_printable_stays_and_all_else_is_its_code() -> None:
    assert printable("naïve 日本 \\ e\u0301") == "naïve 日本 \\ e\u0301"
    assert printable("a\tb\r\n\x1b\xa0\u202e\udcff") == "a\\tb\\r\\n\\x1b\\xa0\\u202e\\udcff"
