"""Jobs, and the reports about them."""

from __future__ import annotations

from ..checks import ENDS
from ..fields import KEPT
from ..kinds import BYTES, DURATION, FLAG, NUMBER, SIGNAL, STANDING, STATE, TEXT, TIME, one_of
from ..noun import Noun, kinds_of, many, maybe

JOB = Noun("job", **kinds_of(KEPT))
JOB.looks = {"state": "state_text"}
ENDING = {"exit_code": maybe(NUMBER), "signal": maybe(SIGNAL), "error": maybe(TEXT)}
ATTEMPT = Noun(
    "attempt",
    attempt=NUMBER,
    worker=NUMBER,
    pid=maybe(NUMBER),
    started_at=TIME,
    wait_time=DURATION,
    finished_at=maybe(TIME),
    duration=maybe(DURATION),
    outcome=maybe(TEXT),
    **ENDING,
    output_size=BYTES,
)
# With a key for each input that has a name, and if wanted `stdout` and `stderr`.
RESULT = Noun(
    "result",
    number=NUMBER,
    id=TEXT,
    index=maybe(NUMBER),
    item=maybe(TEXT),
    state=STATE,
    **ENDING,
    attempts=NUMBER,
    started_at=maybe(TIME),
    finished_at=maybe(TIME),
    duration=maybe(DURATION),
    command=TEXT,
)
RELATIVE = Noun(
    "parent or child",
    number=NUMBER,
    id=TEXT,
    batch=maybe(TEXT),
    state=maybe(STANDING),
    when=one_of(*ENDS),
    hopeless=FLAG,
    satisfied_at=maybe(TIME),
)
NODE = Noun(
    "node of a graph",
    number=NUMBER,
    id=TEXT,
    batch=maybe(TEXT),
    state=maybe(STANDING),
    stuck=FLAG,
    suspended=FLAG,
    command=TEXT,
    layer=NUMBER,
)
EDGE = Noun(
    "edge of a graph", parent=NUMBER, child=NUMBER, when=RELATIVE.keys["when"], hopeless=FLAG, satisfied_at=maybe(TIME)
)
GRAPH = Noun("graph", job=NUMBER, nodes=many(NODE), edges=many(EDGE), left=NUMBER, complete=FLAG)
# Why the end of a job has added another.
HOOK_REASONS = ("success", "failure", "finish", "idle")
HOOK_JOB = Noun("hook job", id=TEXT, state=STATE, command=TEXT, reason=one_of(*HOOK_REASONS))
JOB_DETAIL = Noun(
    "job in detail",
    **JOB.keys,
    cancel_requested=FLAG,
    created_by=TEXT,
    attempt_history=many(ATTEMPT),
    parents=many(RELATIVE),
    children=many(RELATIVE),
    hook_jobs=many(HOOK_JOB),
)
STEP = Noun("step of a history", at=TIME, what=TEXT, detail=TEXT, by=TEXT)
REASON = Noun("reason", id=TEXT, state=STATE, reason=TEXT, hint=maybe(TEXT))
RUN = Noun(
    "run",
    id=TEXT,
    number=NUMBER,
    command=TEXT,
    state=STATE,
    attempt=NUMBER,
    outcome=TEXT,
    duration=maybe(DURATION),
    **ENDING,
    finished_at=TIME,
)
COMING = Noun("coming job", at=TIME, what=TEXT, id=TEXT, command=TEXT)
DEAD_GROUP = Noun(
    "group of dead jobs",
    pattern=one_of("error", "stderr", "command"),
    count=NUMBER,
    exit_code=maybe(NUMBER),
    signal=maybe(SIGNAL),
    value=maybe(TEXT),
    first_at=TIME,
    last_at=TIME,
    sample_ids=many(TEXT),
    ids=many(TEXT),
)
REFUSED = Noun("refused job", id=TEXT, state=STATE, message=TEXT)
CHANGE = Noun("change", count=NUMBER, done=many(TEXT), refused=many(REFUSED), notes=many(TEXT))
ADDED = Noun("added job", id=TEXT)
PLANNED = Noun("jobs to add", jobs=NUMBER, commands=many(TEXT))
CHECKED = Noun("checked jobs", valid=FLAG, jobs=NUMBER)
DEMO_JOB = Noun("demo job", **JOB.keys, fate=TEXT)
TEMPLATE = Noun("template", name=TEXT, source=one_of("built in", "home"), description=maybe(TEXT), path=maybe(TEXT))
SAVED_TEMPLATE = Noun("saved template", name=TEXT, path=TEXT)
