"""A sign-on file is read, and refused by field; what it holds is never repeated."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.ledger.errors import LedgerError
from dashboard.server import settings as of_process
from dashboard.server.serve import why_not
from dashboard.server.sign_on.proxy import TRUSTED, proxy_of
from dashboard.server.sign_on.settings import sign_on_of

SECRET = "s3cret" * 6
GOOD = f"""
base = "https://Ledger.example.org/"
cookie_secret = "{SECRET}"
[providers.acme]
label = "Acme"
metadata_url = "https://login.example.org/.well-known/openid-configuration"
client_id = "ledger"
client_secret = "cl1ent"
[providers.other-one]
metadata_url = "https://other.example.org/.well-known/openid-configuration"
client_id = "x"
client_secret = "cl1ent"
prompt = "select_account"
reauthenticate = false
"""
PROXY = f"""
issuer = "https://sso.example.org"
secret_header = "X-Proxy-Secret"
secret = "{SECRET}"
subject_header = "X-Forwarded-User"
"""


def write(folder: Path, text: str) -> Path:
    file = folder / "file.toml"
    file.write_text(text)
    return file


def test_a_sign_on_file_becomes_streamlits_secrets(tmp_path: Path) -> None:
    found = sign_on_of(write(tmp_path, GOOD))
    assert (found.base, found.host, found.session_hours) == (
        "https://ledger.example.org",
        "ledger.example.org",
        8.0,
    )
    secrets = found.auth_secrets()
    assert secrets["redirect_uri"] == "https://ledger.example.org/oauth2callback"
    # Streamlit's own default is refused by strict providers, so it is never left to that.
    prompts = [secrets[name]["client_kwargs"]["prompt"] for name in ("acme", "other-one")]
    assert prompts == ["login", "select_account"]
    patience = [secrets[name]["client_kwargs"]["timeout"] for name in ("acme", "other-one")]
    assert patience == [30, 30]
    assert [one.reauthenticate for one in found.providers.values()] == [True, False]
    assert SECRET not in repr(found)
    assert "cl1ent" not in repr(found)


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ('base = "https://Ledger.example.org/"', "", "base is missing"),
        ("https://Ledger.example.org/", "http://ledger.example.org", "plain HTTP"),
        ("https://Ledger.example.org/", "https://ledger.example.org/app", "base is"),
        ("https://Ledger.example.org/", "ledger.example.org", "base is"),
        (f'"{SECRET}"', '"short"', "cookie_secret needs 32"),
        ('client_id = "ledger"', "", "providers.acme.client_id is missing"),
        ('client_secret = "cl1ent"', "client_secret = 7", "providers.acme.client_secret is empty"),
        ("https://login", "http://login", "providers.acme.metadata_url"),
        ('"select_account"', '"none"', "providers.other-one.prompt is 'none'"),
        ("reauthenticate = false", 'reauthenticate = "no"', "providers.other-one.reauthenticate"),
        ("[providers.acme]", "[providers.Acme_1]", "providers.Acme_1 must be named"),
        ('label = "Acme"', 'lable = "Acme"', "providers.acme.lable is unknown"),
        ('base = "', 'session_hours = 25\nbase = "', "session_hours is 25"),
        ('label = "Acme"', 'label = "Acme', "is not TOML"),
    ],
)
def test_a_sign_on_file_that_is_wrong_is_refused_by_field_and_tells_no_secret(
    tmp_path: Path, old: str, new: str, field: str
) -> None:
    assert old in GOOD
    with pytest.raises(LedgerError) as refused:
        sign_on_of(write(tmp_path, GOOD.replace(old, new, 1)))
    assert field in str(refused.value)
    assert SECRET not in str(refused.value)
    assert "cl1ent" not in str(refused.value)


def test_a_proxy_file_is_read_and_refused_by_field(tmp_path: Path) -> None:
    found = proxy_of(write(tmp_path, PROXY))
    assert (found.subject_header, found.name_header) == ("X-Forwarded-User", "")
    assert SECRET not in repr(found)
    other = tmp_path / "other.toml"
    other.write_text(PROXY.replace("X-Forwarded-User", "X User"))
    with pytest.raises(LedgerError, match="subject_header"):
        proxy_of(other)


@pytest.mark.parametrize(
    ("host", "signs_on", "proxy", "words"),
    [
        ("127.0.0.1", False, False, None),
        ("localhost", True, False, None),
        ("0.0.0.0", True, False, None),
        ("0.0.0.0", False, True, None),
        ("0.0.0.0", False, False, "anybody could act as anybody"),
        ("10.0.0.7", False, False, "--behind-proxy FILE"),
        ("127.0.0.1", True, True, "give one of them"),
    ],
)
def test_a_server_that_would_be_open_to_others_is_not_started(
    host: str, signs_on: bool, proxy: bool, words: str | None
) -> None:
    found = why_not(host, signs_on=signs_on, behind_proxy=proxy)
    assert (found is None) == (words is None)
    assert words is None or words in str(found)


def test_streamlit_reads_no_secrets_of_a_folder_and_believes_headers_of_a_proxy_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = of_process.streamlit_options("127.0.0.1")
    assert (plain["secrets.files"], plain["server.trustedUserHeaders"]) == ([], {})
    assert plain["server.enableAgentApi"] is False
    assert "server.cookieSecret" not in plain
    monkeypatch.setenv(of_process.PROXY_VARIABLE, str(write(tmp_path, PROXY)))
    proxied = of_process.streamlit_options("127.0.0.1")
    assert proxied["server.trustedUserHeaders"] == TRUSTED


def test_where_people_sign_on_is_a_host_the_server_answers_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(of_process.SIGN_ON_VARIABLE, str(write(tmp_path, GOOD)))
    assert "ledger.example.org" in of_process.allowed_hosts()
