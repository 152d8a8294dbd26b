"""Who is given a page, which has the token in it, and what the cookie of a page is good for."""

from __future__ import annotations

import os

import pytest

from queuectl.dashboard.http import security
from queuectl.dashboard.http import server as server_module
from queuectl.dashboard.http.cookie import TICKET_MS
from tests.dashboard.conftest import ECHO, FIXED, Serve, Served, cookie_of, without_token
from tests.support import FakeClock

# Pages


@pytest.mark.parametrize(
    "site, status",
    [(None, 200), ("none", 200), ("same-origin", 200), ("cross-site", 401), ("same-site", 401), ("", 401)],
)
def test_a_page_is_for_who_comes_from_nowhere_or_from_a_page_of_ours(
    served: Served, site: str | None, status: int
) -> None:
    answer = without_token(served, "GET", "/jobs", Sec_Fetch_Site=site)
    assert answer.status == status
    assert (served.token.encode() in answer.body) is (status == 200)
    assert ("set-cookie" in answer.headers) is (status == 200)


def test_a_browser_with_the_cookie_gets_no_other_one(served: Served) -> None:
    cookie = cookie_of(without_token(served, "GET", "/"))
    answer = without_token(served, "GET", "/", Cookie=cookie)
    assert answer.status == 200
    assert "set-cookie" not in answer.headers
    assert without_token(served, "GET", "/", Cookie=cookie + "x").headers["set-cookie"].startswith(cookie + ";")


def test_with_a_token_of_the_user_a_page_needs_the_link_that_has_it(serve: Serve) -> None:
    served = serve(token=FIXED)
    assert without_token(served, "GET", "/").status == 401
    assert served.server.url == f"http://127.0.0.1:{served.port}/?token={FIXED}"
    opened = without_token(served, "GET", f"/jobs?q=a%20b&token={FIXED}&state=dead")
    assert (opened.status, opened.headers["location"]) == (303, "/jobs?q=a+b&state=dead")
    assert FIXED.encode() not in opened.body
    assert without_token(served, "GET", "/jobs", Cookie=cookie_of(opened)).status == 200
    assert without_token(served, "GET", ECHO, Cookie=cookie_of(opened)).status == 200


@pytest.mark.slow
def test_a_link_with_a_wrong_token_opens_nothing(serve: Serve) -> None:
    for served in (serve(), serve(token=FIXED)):
        answer = without_token(served, "GET", "/?token=wrong")
        assert answer.status == 401
        assert "set-cookie" not in answer.headers
        assert served.token.encode() not in answer.body


def test_a_page_is_not_for_other_users_of_the_machine(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(security, "owner", lambda connected: os.geteuid() + 1)
    answer = without_token(served, "GET", "/")
    assert answer.status == 401
    assert served.token.encode() not in answer.body
    assert without_token(served, "GET", f"/?token={served.token}").status == 303
    for known, status in ((None, 401), (os.geteuid(), 200)):
        monkeypatch.setattr(security, "owner", lambda connected, known=known: known)
        assert without_token(served, "GET", "/").status == status


def test_root_is_nobody_special(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(security, "owner", lambda connected: 0)
    monkeypatch.setattr(os, "geteuid", lambda: 1_000)
    assert without_token(served, "GET", "/").status == 401


PROXIED = [
    {"Forwarded": "for=192.0.2.1"},
    {"X-Forwarded-For": "127.0.0.1"},
    {"X_Forwarded_Host": "jobs.example"},
    {"x-forwarded-proto": "https"},
    {"X_Forwarded_Anything": ""},
    {"Via": "1.1 proxy"},
    {"X_Real_IP": "127.0.0.1"},
    {"CF_Connecting_IP": "192.0.2.1"},
]


@pytest.mark.parametrize("headers", PROXIED)
def test_what_comes_through_a_proxy_needs_the_token(served: Served, headers: dict[str, str]) -> None:
    for path in ("/", "/jobs", ECHO, "/metrics"):
        answer = without_token(served, "GET", path, None, **headers)
        assert answer.status == 401
        assert served.token.encode() not in answer.body
        assert "set-cookie" not in answer.headers
    assert served.ask("GET", "/metrics", None, **headers).status == 200
    opened = without_token(served, "GET", f"/?token={served.token}", None, **headers)
    page = without_token(served, "GET", "/", None, Cookie=cookie_of(opened), **headers)
    assert served.token.encode() in page.body


def test_where_the_system_tells_no_owner_the_link_has_the_token(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "tells_owners", lambda host, family: False)
    served = serve()
    assert served.server.url == f"http://127.0.0.1:{served.port}/?token={served.token}"
    answer = without_token(served, "GET", "/")
    assert answer.status == 401
    assert served.token.encode() not in answer.body
    opened = without_token(served, "GET", served.server.url.partition(str(served.port))[2])
    assert served.token.encode() in without_token(served, "GET", "/", Cookie=cookie_of(opened)).body


# The cookie


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(served: Served) -> None:
    attributes = without_token(served, "GET", "/").headers["set-cookie"].split("; ")[1:]
    assert attributes == ["Path=/", "HttpOnly", "SameSite=Strict"]


@pytest.mark.parametrize("token", [None, FIXED])
def test_a_stolen_cookie_gets_no_token(serve: Serve, monkeypatch: pytest.MonkeyPatch, token: str | None) -> None:
    served = serve(token=token)
    opened = without_token(served, "GET", f"/?token={served.token}")
    owned = without_token(served, "GET", "/", Cookie=cookie_of(opened))
    assert served.token.encode() in owned.body
    monkeypatch.setattr(security, "owner", lambda connected: os.geteuid() + 1)
    for cookie in (cookie_of(opened), cookie_of(owned)):
        assert served.token not in cookie
        for path in ("/", "/jobs", "/assets/app.js", ECHO):
            answer = without_token(served, "GET", path, Cookie=cookie)
            assert answer.status == 200
            assert served.token.encode() not in answer.body


def test_a_ticket_is_good_for_one_page_and_not_for_long(serve: Serve) -> None:
    served = serve(token=FIXED)
    clock = FakeClock()
    served.server.guard.cookie._clock = clock
    cookies = [cookie_of(without_token(served, "GET", f"/?token={FIXED}")) for _ in range(3)]
    assert len(set(cookies)) == 3
    for cookie in (cookies[0], cookies[0].partition(".")[0] + ".x", "a" + cookies[1]):
        without_token(served, "GET", "/", Cookie=cookie)
    assert FIXED.encode() not in without_token(served, "GET", "/", Cookie=cookies[0]).body
    assert FIXED.encode() in without_token(served, "GET", "/", Cookie=cookies[1]).body
    clock.advance(TICKET_MS)
    assert FIXED.encode() not in without_token(served, "GET", "/", Cookie=cookies[2]).body


def test_a_link_that_another_site_opens_leads_to_the_page_from_our_own(serve: Serve) -> None:
    served = serve(token=FIXED)
    # The browser would follow a redirect without the cookie.
    opened = without_token(served, "GET", f"/jobs?q=a%22b&token={FIXED}", Sec_Fetch_Site="cross-site")
    assert opened.status == 200
    assert b'<meta http-equiv="refresh" content="0; url=/jobs?q=a%22b">' in opened.body
    assert FIXED.encode() not in opened.body
    assert FIXED.encode() in without_token(served, "GET", "/jobs", Cookie=cookie_of(opened)).body
