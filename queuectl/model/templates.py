"""The templates of the package: files in its folder `templates`, except the fullest, which is generated."""

from __future__ import annotations

SUFFIX = ".json"
FULLEST = "job_template"
SHIPPED = {
    "simple_job": "the least that a job needs",
    FULLEST: "every field, with its default",
    "python_job": "a Python program with arguments and environment",
    "test_job": "a job that fails twice and then succeeds, to try retries",
}


def plain_name(name: str) -> str:
    """Return a template's name without the suffix of its file."""
    return name[: -len(SUFFIX)] if name.endswith(SUFFIX) else name
