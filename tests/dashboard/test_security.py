"""Every way in that another page, another user or another machine might try."""

from __future__ import annotations

import re
import socket

import pytest

from queuectl.dashboard.http import security
from queuectl.model.dashboard import DashboardOptions
from queuectl.model.errors import InvalidInput
from tests.dashboard.conftest import ECHO, FIXED, Serve, Served, cookie_of, without_token

# What it listens on


def test_by_default_it_listens_on_this_machine_only(served: Served) -> None:
    assert DashboardOptions().host == "127.0.0.1"
    assert DashboardOptions().is_local
    assert served.server.socket.getsockname()[0] == "127.0.0.1"


def test_the_other_loopback_address_will_do_too(serve: Serve) -> None:
    try:
        served = serve(host="::1")
    except InvalidInput:
        pytest.skip("there is no ::1 here")
    assert served.server.url == f"http://[::1]:{served.port}/"
    with socket.create_connection(("::1", served.port)) as client:
        client.sendall(f"GET / HTTP/1.0\r\nHost: [::1]:{served.port}\r\n\r\n".encode())
        assert client.recv(100).startswith(b"HTTP/1.1 200 OK")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org", "localhost.example.org"])
def test_any_other_address_needs_a_token_of_the_user(host: str) -> None:
    with pytest.raises(InvalidInput, match="run commands as you"):
        DashboardOptions(host=host)
    assert not DashboardOptions(host=host, token=FIXED).is_local


def test_a_further_name_needs_a_token_of_the_user_too() -> None:
    with pytest.raises(InvalidInput, match="a proxy for jobs.example .* it needs --token there") as caught:
        DashboardOptions(allowed_hosts=["jobs.example"])
    assert caught.value.hint
    assert DashboardOptions(allowed_hosts=["jobs.example"], token=FIXED).is_local


@pytest.mark.parametrize("token", ["", "short", "x" * 15, "x" * 257, "with blank in the middle", 'quote"quote"quote"'])
def test_a_token_that_can_be_guessed_or_does_not_fit_a_cookie_is_refused(token: str) -> None:
    with pytest.raises(InvalidInput, match="16 to 256"):
        DashboardOptions(token=token)


# Host


@pytest.mark.parametrize(
    "host", ["127.0.0.1:{port}", "localhost:{port}", "LocalHost:{port}", "[::1]:{port}", "localhost.:{port}"]
)
def test_a_request_to_one_of_its_hosts_is_let_in(served: Served, host: str) -> None:
    assert served.ask("GET", ECHO, Host=host.format(port=served.port)).status == 200


@pytest.mark.slow
@pytest.mark.parametrize(
    "host",
    [
        "evil.example:{port}",
        "evil.example",
        "127.0.0.1",
        "127.0.0.1:80",
        "127.0.0.1:{port}0",
        "localhost",
        "",
        "127.0.0.1.evil.example:{port}",
        "localhost:{port}.evil.example",
        "user@127.0.0.1:{port}",
        "127.1:{port}",
        "2130706433:{port}",
        "0.0.0.0:{port}",
        "[::ffff:127.0.0.1]:{port}",
        "127.0.0.1:{port}, evil.example",
        "::1:{port}",
    ],
)
@pytest.mark.parametrize("path", [ECHO, "/", "/healthz", "/metrics", "/assets/app.js", "/nothing"])
def test_a_request_to_a_name_that_was_rebound_to_us_is_refused(served: Served, host: str, path: str) -> None:
    answer = served.ask("GET", path, Host=host.format(port=served.port))
    assert answer.status == 421
    assert served.token.encode() not in answer.body
    assert "set-cookie" not in answer.headers
    assert served.requests == []


def test_a_request_without_a_host_is_refused(served: Served) -> None:
    assert served.ask("GET", ECHO, Host=None).status == 400


def test_further_names_can_be_let_in_such_as_that_of_a_proxy(serve: Serve) -> None:
    served = serve(allowed_hosts=["Jobs.Example"], token=FIXED)
    for host in ("jobs.example", f"JOBS.example:{served.port}", "jobs.example:8443"):
        assert served.ask("GET", ECHO, Host=host).status == 200
    assert served.ask("POST", ECHO, b"{}", Host="jobs.example", Origin="https://jobs.example").status == 200
    assert served.ask("POST", ECHO, b"{}", Host="jobs.example", Origin="https://other.example").status == 403
    for host in ("other.example", "jobs.example.evil.example", "evil-jobs.example", "user@jobs.example"):
        assert served.ask("GET", ECHO, Host=host).status == 421
    assert without_token(served, "GET", "/metrics").status == 200
    for host in ("jobs.example", "jobs.example.", "jobs.example:8443", f"jobs.example:{served.port}"):
        assert without_token(served, "GET", "/metrics", Host=host).status == 401


def test_on_every_address_it_is_reached_by_address_but_by_no_strange_name(serve: Serve) -> None:
    served = serve(host="0.0.0.0", token=FIXED)
    assert served.ask("GET", ECHO, Host=f"192.168.7.7:{served.port}").status == 200
    assert served.ask("GET", ECHO, Host=f"[fe80::1]:{served.port}").status == 200
    assert served.ask("GET", ECHO, Host=f"{socket.gethostname()}:{served.port}").status == 200
    for host in ("192.168.7.7:1", "192.168.7.7", f"evil.example:{served.port}", f"1.2.3.4.evil.example:{served.port}"):
        assert served.ask("GET", ECHO, Host=host).status == 421


# Writes from other sites


@pytest.mark.slow
@pytest.mark.parametrize(
    "headers, status",
    [
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": ""}, 403),
        ({"Origin": "http://127.0.0.1"}, 403),
        ({"Origin": "http://127.0.0.1:1"}, 403),
        ({"Origin": "https://127.0.0.1:{port}"}, 403),
        ({"Origin": "http://localhost:{port}"}, 403),
        ({"Origin": "http://127.0.0.1:{port}.evil.example"}, 403),
        ({"Origin": "http://127.0.0.1:{port}/"}, 403),
        ({"Sec_Fetch_Site": "cross-site"}, 403),
        ({"Sec_Fetch_Site": "same-site"}, 403),
        ({"Sec_Fetch_Site": ""}, 403),
        ({"Content_Type": "text/plain"}, 415),
        ({"Content_Type": "application/x-www-form-urlencoded"}, 415),
        ({"Content_Type": "multipart/form-data; boundary=x"}, 415),
        ({"Content_Type": None}, 415),
        ({"Content_Type": "text/plain; application/json"}, 415),
        ({"Content_Type": "application/json-seq"}, 415),
    ],
)
@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
def test_a_write_that_no_page_of_ours_would_send_is_refused(
    served: Served, method: str, headers: dict[str, str | None], status: int
) -> None:
    filled = {name: value and value.format(port=served.port) for name, value in headers.items()}
    assert served.ask(method, ECHO, b"{}", **filled).status == status
    assert served.requests == []


def test_a_write_of_our_own_page_is_let_in(served: Served) -> None:
    for headers in (
        {"Origin": f"http://127.0.0.1:{served.port}", "Sec_Fetch_Site": "same-origin"},
        {},
        {"Content_Type": "Application/JSON; charset=utf-8"},
        {"Sec_Fetch_Site": "none"},
    ):
        assert served.ask("POST", ECHO, b"{}", **headers).status == 200
    assert (
        served.ask(
            "POST", ECHO, b"{}", Host=f"localhost:{served.port}", Origin=f"http://localhost:{served.port}"
        ).status
        == 200
    )


def test_a_form_of_another_page_does_nothing_even_with_the_cookie(served: Served) -> None:
    cookie = cookie_of(without_token(served, "GET", "/"))
    answer = without_token(
        served,
        "POST",
        "/api/v1/jobs",
        b'{"command": "evil"}',
        Cookie=cookie,
        Origin="http://evil.example",
        Sec_Fetch_Site="cross-site",
        Content_Type="text/plain",
    )
    assert answer.status == 403
    assert served.requests == []


def test_a_preflight_is_refused_and_no_other_site_may_read(served: Served) -> None:
    preflight = served.ask(
        "OPTIONS",
        ECHO,
        Origin="http://evil.example",
        Access_Control_Request_Method="POST",
        Access_Control_Request_Headers="x-queuectl-token",
    )
    assert preflight.status == 403
    for answer in (preflight, served.ask("GET", ECHO), served.ask("GET", "/"), served.ask("POST", ECHO, b"{}")):
        assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "BREW"])
def test_there_are_no_other_methods(served: Served, method: str) -> None:
    assert served.ask(method, "/").status == 501
    # An address of the API says which methods it knows, to anyone who has the token.
    assert without_token(served, method, ECHO).status == 401


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
def test_a_write_with_the_token_and_no_body_needs_no_content_type(served: Served, method: str) -> None:
    assert served.ask(method, ECHO, b"", Content_Type=None).status == 200
    refused = served.ask(method, ECHO, b"{}", Content_Type=None)
    assert refused.status == 415 and b"-H 'Content-Type: application/json'" in refused.body


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_site_reads_nothing_of_the_api(served: Served, site: str) -> None:
    assert served.ask("GET", ECHO, Sec_Fetch_Site=site).status == 403
    assert served.ask("GET", "/api/v1/stream", Sec_Fetch_Site=site).status == 403


# The token


@pytest.mark.slow
@pytest.mark.parametrize("path", [ECHO, "/api", "/api/", "/api/v1/stream", "/api/nothing"])
def test_all_of_the_api_needs_the_token_also_to_read(served: Served, path: str) -> None:
    assert without_token(served, "GET", path).code == "token_required"
    assert served.ask("GET", path, X_QueueCTL_Token="").code == "token_required"
    for wrong in ("x", served.token[:-1], served.token + "x", served.token.swapcase(), "\xe4"):
        answer = served.ask("GET", path, X_QueueCTL_Token=wrong)
        assert (answer.status, answer.code) == (401, "wrong_token")
    assert served.requests == []


def test_the_token_is_taken_from_a_header(served: Served) -> None:
    assert without_token(served, "GET", ECHO, Authorization=f"Bearer {served.token}").status == 200
    assert without_token(served, "POST", ECHO, b"{}", Authorization=f"Bearer {served.token}").status == 200
    for where in ("Cookie", "X-Token"):
        assert without_token(served, "GET", ECHO, None, **{where: served.token}).status == 401
    assert without_token(served, "GET", f"{ECHO}?token={served.token}").status == 401


def test_for_reads_the_cookie_of_a_page_will_do(served: Served) -> None:
    cookie = cookie_of(without_token(served, "GET", "/"))
    name, _, value = cookie.partition("=")
    assert without_token(served, "GET", ECHO, Cookie=f'a={{"b":1}}; {cookie}; c=d').status == 200
    for wrong in (f"{name}1={value}", f"{name}=x", f"{name}={value}x", f"{name}=", f"{name}={served.token}", value):
        assert without_token(served, "GET", ECHO, Cookie=wrong).status == 401


@pytest.mark.slow
@pytest.mark.parametrize("method", ["POST", "PATCH", "PUT", "DELETE"])
def test_a_write_needs_the_header_the_cookie_alone_will_not_do(served: Served, method: str) -> None:
    cookie = cookie_of(without_token(served, "GET", "/"))
    assert without_token(served, method, ECHO, b"{}", Cookie=cookie).code == "token_required"
    stolen = cookie.partition("=")[2]
    assert served.ask(method, ECHO, b"{}", X_QueueCTL_Token=stolen).code == "wrong_token"
    assert without_token(served, method, ECHO, b"{}", Authorization=f"Bearer {stolen}").code == "wrong_token"
    assert served.requests == []


def test_the_token_is_new_with_each_start_and_long(serve: Serve) -> None:
    tokens = {serve().token for _ in range(3)}
    assert len(tokens) == 3
    assert min(map(len, tokens)) >= 40


def test_health_needs_no_token_and_figures_only_elsewhere(serve: Serve) -> None:
    here, everywhere = serve(), serve(host="0.0.0.0", token=FIXED)
    for served in (here, everywhere):
        assert without_token(served, "GET", "/healthz").status == 200
    assert without_token(here, "GET", "/metrics").status == 200
    assert without_token(everywhere, "GET", "/metrics").status == 401
    assert without_token(everywhere, "GET", "/metrics", Authorization=f"Bearer {FIXED}").status == 200


# Read-only


def test_read_only_refuses_every_write_and_says_why(serve: Serve) -> None:
    served = serve(read_only=True)
    for method in ("POST", "PATCH", "PUT", "DELETE"):
        answer = served.ask(method, "/api/v1/jobs/1", b"{}")
        assert (answer.status, answer.code) == (403, "read_only")
    assert served.requests == []
    assert served.ask("GET", ECHO).status == 200
    assert b'<meta name="queuectl-read-only" content="true">' in served.ask("GET", "/").body


# What every answer says


def test_every_answer_keeps_the_browser_strict(served: Served) -> None:
    answers = [
        served.ask("GET", "/"),
        served.ask("GET", ECHO),
        served.ask("GET", "/assets/app.css"),
        served.ask("GET", "/nothing"),
        served.ask("GET", "/api/v1/bug"),
        served.ask("GET", ECHO, Host="evil"),
        served.ask("OPTIONS", ECHO),
        served.ask("GET", "/a/../b"),
        served.ask("POST", ECHO, b"["),
        served.ask("GET", f"/?token={served.token}"),
    ]
    for answer in answers:
        for name, value in security.HEADERS.items():
            assert answer.headers[name.lower()] == value, answer
        assert answer.headers["server"] == "queuectl"
        assert not re.search("python", str(answer.headers), re.I)
    assert {
        answer.headers["cache-control"] for answer in answers if "application/json" in answer.headers["content-type"]
    } == {"no-store"}
    assert "unsafe" not in security.CSP
    assert security.CSP.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    for part in ("base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'", "connect-src 'self'"):
        assert part in security.CSP


def test_a_line_break_cannot_get_into_the_headers_of_an_answer(served: Served) -> None:
    answer = served.ask("GET", f"/jobs?token={served.token}&q=%0d%0aSet-Cookie:%20evil=1")
    assert answer.status == 303
    assert "evil" not in answer.headers["set-cookie"]
    assert answer.headers["location"] == "/jobs?q=%0D%0ASet-Cookie%3A+evil%3D1"
