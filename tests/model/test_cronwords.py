"""Cron expressions in words."""

from __future__ import annotations

import random
import re
import time

import pytest

from queuectl.model import cronwords
from queuectl.model.cron import Cron
from queuectl.model.when import MONTHS

SEED = time.time_ns()


@pytest.mark.parametrize(
    "text, words",
    [
        ("* * * * *", "every minute"),
        ("*/5 * * * *", "every 5 minutes"),
        ("*/1 */1 * * *", "every minute"),
        ("0 * * * *", "every hour at minute 0"),
        ("@hourly", "every hour at minute 0"),
        ("*/60 * * * *", "every hour at minute 0"),
        ("15,45 * * * *", "every hour at minutes 15 and 45"),
        ("1-30,45,46 * * * *", "every hour at minutes 1 to 30, 45 and 46"),
        ("*/7 * * * *", "every hour at minutes 0, 7, 14, 21, 28, 35, 42, 49 and 56"),
        ("1/30 * * * *", "every hour at minutes 1 and 31"),
        ("0 */2 * * *", "every 2 hours at minute 0"),
        ("0 */12 * * *", "at 00:00 and 12:00 every day"),
        (
            "0 1/2 * * *",
            "at 01:00, 03:00, 05:00, 07:00, 09:00, 11:00, 13:00, 15:00, 17:00, 19:00, 21:00 and 23:00 every day",
        ),
        ("*/10 */6 * * *", "every 10 minutes in the hours 0, 6, 12 and 18"),
        ("*/15 9-17 * * mon-fri", "every 15 minutes from 09:00 to 17:59 on weekdays"),
        ("* 3 * * *", "every minute from 03:00 to 03:59"),
        ("5 9-17 * * *", "every hour from 09:05 to 17:05"),
        ("5-9 9-17 * * *", "at minutes 5 to 9 of every hour from 09:00 to 17:59"),
        ("5-9 9,12,17 * * *", "at minutes 5 to 9 of every hour in the hours 9, 12 and 17"),
        ("0,7 1,5,7 * * *", "at 01:00, 01:07, 05:00, 05:07, 07:00 and 07:07 every day"),
        ("0 9,18 * * *", "at 09:00 and 18:00 every day"),
        ("@daily", "at 00:00 every day"),
        ("30 9 * * 1-5", "at 09:30 on weekdays"),
        ("0 9 * * 7", "at 09:00 on Sundays"),
        ("0 9 * mar sat,sun", "at 09:00 on Saturdays and Sundays in March"),
        ("0 9 * * sun,wed,mon", "at 09:00 on Mondays, Wednesdays and Sundays"),
        ("0 9 * 2,3 *", "at 09:00 every day in February and March"),
        ("*/20 * * 2 *", "every 20 minutes in February"),
        ("0 0 1 * *", "at 00:00 on day 1 of the month"),
        ("0 0 1-3,15 * *", "at 00:00 on days 1 to 3 and 15 of the month"),
        ("0 12 1 1 *", "at 12:00 on 1 January"),
        ("0 0 1,15 1,7 *", "at 00:00 on days 1 and 15 of January and July"),
        ("0 0 */7 * *", "at 00:00 on days 1, 8, 15, 22 and 29 of the month"),
        ("0 9 13 * fri", "at 09:00 on day 13 of the month or on Fridays"),
        ("0 9 13 5 fri", "at 09:00 on 13 May or on Fridays in May"),
        ("0 9 13 * */5", "at 09:00 on day 13 of the month if that is a Friday or Sunday"),
        ("0 9 */30 5 1", "at 09:00 on days 1 and 31 of May if that is a Monday"),
        ("0 9 1-31 * 5", "at 09:00 every day"),
        ("0 9 13 2 0-6", "at 09:00 every day in February"),
        ("0 9 1-31 * */3", "at 09:00 on Wednesdays, Saturdays and Sundays"),
    ],
)
def test_an_expression_is_put_into_words(text: str, words: str) -> None:
    assert cronwords.describe(Cron.parse(text)) == words


def test_the_words_of_different_minutes_and_hours_differ() -> None:
    print("seed", SEED)
    source = random.Random(SEED)
    meant: dict[str, tuple[list[int], list[int]]] = {}
    for _ in range(3_000):
        minutes, hours = (
            sorted(source.sample(range(size), source.choice((1, 2, 3, size // 2, size - 1, size)))) for size in (60, 24)
        )
        entry = Cron("", [",".join(map(str, minutes)), ",".join(map(str, hours)), "*", "*", "*"])
        assert meant.setdefault(cronwords.describe(entry), (minutes, hours)) == (minutes, hours)


def test_the_words_of_dates_name_all_of_them_and_no_other() -> None:
    print("seed", SEED)
    source = random.Random(SEED)
    for _ in range(500):
        days, months = sorted(source.sample(range(1, 29), 5)), sorted(source.sample(range(1, 13), 5))
        words = cronwords.describe(Cron.parse(f"0 0 {','.join(map(str, days))} {','.join(map(str, months))} *"))
        numbers, names = words[len("at 00:00 on days ") :].split(" of ")
        named = re.split(", | and ", names)
        spans = [[int(end) for end in span.split(" to ")] for span in re.split(", | and ", numbers)]
        assert [day for span in spans for day in range(span[0], span[-1] + 1)] == days
        assert [MONTHS.index(name) + 1 for name in named] == months


@pytest.mark.parametrize("words, text", [(["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")])
def test_words_are_listed_as_in_a_sentence(words: list[str], text: str) -> None:
    assert cronwords.listed(words) == text
