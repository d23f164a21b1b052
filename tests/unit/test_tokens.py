"""A token is believed when the application signed it for us, and for nothing else."""

import base64
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from integrations_health import tokens
from integrations_health.access import OWN, Scope, Way
from integrations_health.models import User
from tests import keys

# No fixture opens the database: pytest-django refuses every query of these tests.


@pytest.fixture(autouse=True)
def shared_secret(settings: Any) -> None:
    settings.JWT_SECRET, settings.JWT_JWKS = keys.SECRET, ""
    settings.JWT_AUDIENCE = settings.JWT_ISSUER = settings.JWT_USER_CLAIM = ""


def refused(token: str) -> str:
    with pytest.raises(tokens.Refused) as refusal:
        tokens.read(token)
    return str(refusal.value)


def unsigned(header: dict[str, Any] | str, **claims: Any) -> str:
    said = header if isinstance(header, str) else json.dumps(header)
    parts = (said, json.dumps({"sub": str(uuid4()), "exp": 2**32} | claims))
    return ".".join(base64.urlsafe_b64encode(p.encode()).decode().rstrip("=") for p in parts) + "."


def test_a_token_names_a_user_by_our_id_without_the_database() -> None:
    user_id, until = uuid4(), datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)

    caller = tokens.read(keys.signed(keys.SECRET, "HS256", sub=str(user_id), exp=until))

    assert (caller.way, caller.user_id, caller.scopes) == (Way.TOKEN, user_id, OWN)
    assert caller.expires_at == until
    assert not caller.sees_everybody


def test_a_token_names_a_user_by_the_claim_of_the_application(settings: Any) -> None:
    settings.JWT_USER_CLAIM = "uid"

    caller = tokens.read(keys.signed(keys.SECRET, "HS256", uid="app-user-7", sub=None))

    assert (caller.user_id, caller.external_id) == (None, "app-user-7")


@pytest.mark.parametrize("value", ["", " padded ", "x" * 256, "a\nb", 7, None, ["app-user-7"]])
def test_an_external_id_that_nobody_can_have_is_refused(settings: Any, value: object) -> None:
    settings.JWT_USER_CLAIM = "uid"

    assert "`uid`" in refused(keys.signed(keys.SECRET, "HS256", uid=value))


@pytest.mark.parametrize(
    ("scope", "is_staff"),
    [("staff", True), ("openid staff", True), ("staffing", False), ("", False), (["staff"], False)],
)
def test_only_the_scope_staff_sees_everybody(scope: object, is_staff: bool) -> None:
    caller = tokens.read(keys.signed(keys.SECRET, "HS256", scope=scope))

    assert caller.sees_everybody is is_staff
    assert caller.may(Scope.WRITE)


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"exp": datetime.now(UTC) - timedelta(minutes=1)}, "expired"),
        ({"exp": None}, "`exp`"),
        ({"sub": None}, "`sub`"),
        ({"sub": "app-user-7"}, "UUID"),
        ({"nbf": datetime.now(UTC) + timedelta(hours=1)}, "not valid yet"),
        ({"exp": 10**400}, "`exp`"),
        ({"exp": 10**15}, "`exp`"),
        ({"exp": 10**18}, "`exp`"),
    ],
)
def test_a_token_that_is_not_good_says_why(claims: dict[str, Any], reason: str) -> None:
    assert reason in refused(keys.signed(keys.SECRET, "HS256", **claims))


def test_a_clock_that_is_a_little_late_does_not_matter() -> None:
    a_little_late = datetime.now(UTC) - timedelta(seconds=3)

    caller = tokens.read(keys.signed(keys.SECRET, "HS256", exp=a_little_late))

    assert caller.is_somebody


@pytest.mark.parametrize(
    ("setting", "claim", "reason"),
    [("JWT_AUDIENCE", "aud", "audience"), ("JWT_ISSUER", "iss", "issuer")],
)
def test_audience_and_issuer_are_asked_for_when_they_are_set(
    settings: Any, setting: str, claim: str, reason: str
) -> None:
    setattr(settings, setting, "ours")

    assert tokens.read(keys.signed(keys.SECRET, "HS256", **{claim: "ours"})).is_somebody
    assert reason in refused(keys.signed(keys.SECRET, "HS256", **{claim: "theirs"}))
    assert f"`{claim}`" in refused(keys.signed(keys.SECRET, "HS256"))


FORGED = [
    "",
    "nonsense",
    "a.b.c",
    "Ünïcode.ü.ü",
    "\ud800.a.b",
    "." * 9_000,
    unsigned({"alg": "none"}),
    unsigned({"alg": "None"}),
    unsigned({}),
    unsigned({"alg": ["HS256"]}),
    unsigned('{"alg": ' + "[" * 3_000),
    keys.signed("another secret, which is long enough too", "HS256"),
    keys.signed(keys.SECRET * 2, "HS512"),
]


# Not by their text: some tell their time and user, which are others in each process.
@pytest.mark.parametrize("token", FORGED, ids=range(len(FORGED)))
def test_what_the_application_did_not_sign_is_refused(token: str) -> None:
    reason = refused(token)

    assert reason
    assert not token or token not in reason


@pytest.mark.parametrize("make", [keys.rs256, keys.es256])
def test_a_public_key_verifies_what_its_private_key_signed(
    settings: Any, tmp_path: Path, make: Any
) -> None:
    ours, theirs = make(), make()
    settings.JWT_JWKS = keys.write(tmp_path, ours)
    user_id = uuid4()

    assert tokens.read(ours.sign(sub=str(user_id))).user_id == user_id
    assert "key that is not known" in refused(theirs.sign())
    forged = keys.signed(theirs.private, theirs.algorithm, key_id=ours.key_id)
    assert "not one of ours" in refused(forged)


def test_a_public_key_is_never_taken_for_a_shared_secret(settings: Any, tmp_path: Path) -> None:
    pair = keys.rs256()
    public = pair.private.public_key()
    settings.JWT_SECRET, settings.JWT_JWKS = "", keys.write(tmp_path, pair)
    header = {"alg": "HS256", "kid": pair.key_id}
    for form in (
        public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        json.dumps(pair.published).encode(),
    ):
        body = unsigned(header).rstrip(".")
        mac = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).sign(
            body.encode(), form
        )

        token = f"{body}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"

        assert "not signed in a way" in refused(token)


def test_a_secret_in_the_key_set_verifies_nothing(settings: Any, tmp_path: Path) -> None:
    secret = base64.urlsafe_b64encode(b"k" * 48).decode().rstrip("=")
    path = tmp_path / "keys.json"
    path.write_text(json.dumps({"keys": [{"kty": "oct", "kid": "1", "k": secret}]}))
    settings.JWT_SECRET, settings.JWT_JWKS = "", str(path)

    assert refused(keys.signed(b"k" * 48, "HS256", key_id="1"))


def test_a_key_of_one_kind_does_not_verify_another(settings: Any, tmp_path: Path) -> None:
    curve, other = keys.es256(), keys.rs256()
    settings.JWT_JWKS = keys.write(tmp_path, curve)

    assert refused(keys.signed(other.private, "RS256", key_id=curve.key_id))


def test_an_issued_token_is_read_again(settings: Any) -> None:
    settings.JWT_AUDIENCE, settings.JWT_ISSUER = "health", "app"
    user, now = User(external_id="app-user-7"), datetime.now(UTC)

    token = tokens.issue(user, lifetime=timedelta(hours=1), scopes=OWN | {Scope.STAFF}, now=now)

    assert tokens.read(token).user_id == user.pk
    assert tokens.read(token).sees_everybody
    settings.JWT_USER_CLAIM = "uid"
    by_name = tokens.issue(user, lifetime=timedelta(hours=1), scopes=OWN, now=now)
    assert tokens.read(by_name).external_id == "app-user-7"


@pytest.mark.parametrize(
    ("setting", "value", "missing"),
    [("JWT_SECRET", "", "JWT_SECRET"), ("JWT_USER_CLAIM", "uid", "no external id")],
)
def test_a_token_that_cannot_be_issued_says_what_is_missing(
    settings: Any, setting: str, value: str, missing: str
) -> None:
    setattr(settings, setting, value)

    with pytest.raises(tokens.CannotIssue, match=missing):
        tokens.issue(User(), lifetime=timedelta(hours=1), scopes=OWN, now=datetime.now(UTC))
