"""The nouns of answers that only the API gives: pages, charts, previews. Those of commands are in `model.nouns`."""

from __future__ import annotations

from ...model.fields import FAILING, HOOKS, HOW, KEPT
from ...model.kinds import ANY, BYTES, DURATION, FLAG, NUMBER, REAL, STATE, TEXT, TIME, one_of
from ...model.noun import Noun, many, maybe, table
from ...model.nouns.batches import BATCH
from ...model.nouns.daemons import POOL, STOPPED, WORKER
from ...model.nouns.home import EVENT, SETTING, STATUS
from ...model.nouns.jobs import COMING, DEAD_GROUP, JOB, JOB_DETAIL, REASON, RUN, STEP
from ...model.nouns.queues import LOCK, PAUSE, QUEUE
from ...model.nouns.schedules import NEXT_TIME, SCHEDULE
from ...model.sorts import ORDERS
from ...model.verbs import PLAIN_VERBS, VERBS

# The fields of a job that a list leaves out.
LEFT_OUT = tuple(field.name for field in KEPT if field.group in (HOW, FAILING, HOOKS))
COUNTS = ("finished", "failed", "dead")
AVERAGES = ("run_time", "wait_time")
PERCENTILES = (50, 95, 99)
ACTIONS = many(one_of(*VERBS))
ACTION = one_of(*(verb.name for verb in PLAIN_VERBS))

LISTED_JOB = Noun(
    "listed job",
    **{name: kind for name, kind in JOB.keys.items() if name not in LEFT_OUT},
    command_cut=FLAG,
    elapsed=maybe(DURATION),
    reference=TEXT,
    allowed_actions=ACTIONS,
)
RUNNING_JOB = Noun("running job", **LISTED_JOB.keys, usual=maybe(DURATION))
JOB_PAGE = Noun(
    "page of jobs",
    items=many(LISTED_JOB),
    next=maybe(TEXT),
    total=Noun("total", value=NUMBER, exact=FLAG),
    searched=Noun("extent of a search", rows=NUMBER, complete=FLAG),
    sort=one_of(*ORDERS),
    filter=Noun("read filter", states=many(STATE), rest=TEXT, sorts=many(one_of(*ORDERS))),
)
JOB_CHANGED = Noun("changed job", job=JOB, allowed_actions=ACTIONS)
JOB_VIEW = Noun(
    "view of a job",
    job=JOB_DETAIL,
    reference=TEXT,
    allowed_actions=ACTIONS,
    why=REASON,
    history=many(STEP),
    similar=Noun("runs of a command", median=maybe(DURATION), runs=many(RUN), searched=NUMBER),
    commands=table(TEXT),
    copy=table(maybe(ANY)),
    secrets=many(TEXT),
)
OUTPUT = Noun(
    "output",
    id=TEXT,
    attempt=maybe(NUMBER),
    state=STATE,
    chunks=many(Noun("chunk of output", stream=one_of("stdout", "stderr"), offset=NUMBER, text=TEXT)),
    start=NUMBER,
    end=NUMBER,
    size=BYTES,
    eof=FLAG,
    missing=many(Noun("gap in an output", start=NUMBER, end=NUMBER)),
)
PREVIEW = Noun(
    "preview",
    action=ACTION,
    count=NUMBER,
    sample=many(LISTED_JOB),
    selection=maybe(TEXT),
    expires_at=TIME,
    left_out=table(NUMBER),
    more=FLAG,
    command=maybe(TEXT),
)
DEAD_GROUPS = Noun(
    "groups of dead jobs",
    dead=NUMBER,
    by_error=many(DEAD_GROUP),
    by_command=many(DEAD_GROUP),
    by_stderr=many(DEAD_GROUP),
)

LISTED_QUEUE = Noun(
    "listed queue",
    **QUEUE.keys,
    jobs=table(NUMBER),
    depth=NUMBER,
    oldest_pending_age=maybe(DURATION),
    per_minute=REAL,
    ended_hour=NUMBER,
    failed_hour=NUMBER,
    dead_hour=NUMBER,
    eta=maybe(DURATION),
)
LOCKS = Noun("list of locks", items=many(LOCK))
QUEUES = Noun("list of queues", items=many(LISTED_QUEUE), pauses=many(PAUSE))
WORKERS = Noun("list of workers", items=many(WORKER), pool=POOL, max_workers=NUMBER, default_count=NUMBER)
WORKERS_STOPPED = Noun("stopped workers", **STOPPED.keys, done=FLAG)

BATCHES = Noun("list of batches", items=many(BATCH), total=NUMBER)
SCHEDULES = Noun("list of schedules", items=many(SCHEDULE))
COMING_JOBS = Noun("list of coming jobs", items=many(COMING), total=NUMBER)
COMING_TIMES = Noun(
    "coming times",
    now=TIME,
    until=TIME,
    jobs=many(COMING),
    more_jobs=FLAG,
    recurring=many(Noun("coming times of a schedule", name=TEXT, words=TEXT, times=many(TIME), more=FLAG)),
    more_schedules=NUMBER,
)
CRON_PREVIEW = Noun("cron preview", expression=TEXT, words=TEXT, timezone=TEXT, next_times=many(NEXT_TIME))

SETTINGS = Noun("list of settings", items=many(SETTING))
EVENTS = Noun("page of events", items=many(EVENT), next=maybe(TEXT))
SUGGESTIONS = Noun("suggestions", items=many(Noun("suggestion", value=TEXT, count=maybe(NUMBER))))
HEALTH = Noun("health", status=one_of("ok"), version=TEXT, pid=NUMBER, uptime=DURATION, workers=NUMBER)

OVERVIEW = Noun(
    "overview",
    **STATUS.keys,
    now=TIME,
    worker_list=many(WORKER),
    series=Noun("series of an hour", start=TIME, step=DURATION, **dict.fromkeys(COUNTS, many(NUMBER))),
    backlog=Noun(
        "backlog of an hour", start=TIME, step=DURATION, pending=many(maybe(NUMBER)), oldest_age=many(maybe(DURATION))
    ),
    running=many(RUNNING_JOB),
    failures=many(RUN),
    next_scheduled=many(COMING),
    storage=Noun("storage", database=BYTES, log=BYTES, logs=BYTES, free=BYTES),
)

SPAN = {"from": TIME, "to": TIME}
PERCENTILE_SERIES = Noun("percentiles", **{f"p{percent}": many(maybe(DURATION)) for percent in PERCENTILES})
TOTALS = Noun("totals", **SPAN, **dict.fromkeys(COUNTS, NUMBER))
SERIES = Noun(
    "series",
    **SPAN,
    step=DURATION,
    series=many(
        Noun(
            "series of a queue",
            queue=maybe(TEXT),
            **dict.fromkeys(COUNTS, many(maybe(NUMBER))),
            **dict.fromkeys(AVERAGES, many(maybe(DURATION))),
        )
    ),
    percentiles=Noun(
        "series of percentiles",
        **SPAN,
        step=DURATION,
        series=many(Noun("percentiles of a queue", queue=maybe(TEXT), **dict.fromkeys(AVERAGES, PERCENTILE_SERIES))),
    ),
    totals=TOTALS,
    previous=maybe(TOTALS),
)
COMMAND = Noun(
    "attempts at a command",
    command=TEXT,
    attempts=NUMBER,
    failed=NUMBER,
    average=maybe(DURATION),
    longest=maybe(DURATION),
    last_at=TIME,
    sample_id=maybe(TEXT),
)
TOP = Noun("top commands", sampled=NUMBER, slowest=many(COMMAND), failing=many(COMMAND))

META = Noun(
    "meta",
    version=TEXT,
    read_only=FLAG,
    server_time=TIME,
    started_at=TIME,
    home=TEXT,
    states=many(Noun("state", name=STATE, glyph=TEXT, phrase=TEXT, is_final=FLAG, is_due=FLAG, is_rare=FLAG)),
    verbs=many(
        Noun(
            "verb",
            **dict.fromkeys(("name", "label", "done"), TEXT),
            question=maybe(TEXT),
            key=TEXT,
            **dict.fromkeys(("states", "means"), many(STATE)),
            **dict.fromkeys(("destroys", "in_rows", "is_plain", "deletes"), FLAG),
            flags=many(Noun("flag of a verb", **dict.fromkeys(("name", "option", "help"), TEXT))),
        )
    ),
    fields=many(
        Noun(
            "field of a job",
            **dict.fromkeys(("name", "label", "help", "option", "edit_option", "kind", "input", "default"), TEXT),
            **dict.fromkeys(("given", "required", "editable", "recurring", "kept", "wide", "listed"), FLAG),
        )
    ),
    filters=many(Noun("key of a filter", key=TEXT, example=TEXT, help=TEXT)),
    choices=table(many(TEXT)),
    limits=Noun("limits", page=NUMBER, selection=NUMBER, output=NUMBER, points=NUMBER),
)
