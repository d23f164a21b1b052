"""Files as people and spreadsheets write them, and files that are broken."""

import io

import pytest

from integrations_health import roster
from integrations_health.registration import Refusal
from integrations_health.roster import Entry, Unreadable

HEADER = "user,service,provider,serverInstanceId"


def entries(content: str | bytes) -> list[Entry | Refusal]:
    data = content.encode() if isinstance(content, str) else content
    return list(roster.entries(io.BytesIO(data)))


def test_a_csv_file_is_known_by_its_content() -> None:
    found = entries(f"{HEADER},displayName\nalice,gmail,composio,ca_1,\n")

    assert found == [
        Entry(
            "line 2",
            {
                "user": "alice",
                "service": "gmail",
                "provider": "composio",
                "serverInstanceId": "ca_1",
            },
        )
    ]


def test_a_json_file_is_known_by_its_content() -> None:
    found = entries('\n[{"user": "alice"},\n {"user": "bob"}]')

    assert found == [
        Entry("line 2, entry 1", {"user": "alice"}),
        Entry("line 3, entry 2", {"user": "bob"}),
    ]


@pytest.mark.parametrize("content", ["user,service\nå,ö\n", '[{"user": "å", "service": "ö"}]'])
def test_a_byte_order_mark_changes_nothing(content: str) -> None:
    assert entries(content.encode("utf-8-sig")) == entries(content)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_the_spreadsheets_of_all_countries_are_read(delimiter: str, newline: str) -> None:
    lines = [["user", "service"], ["a", "gmail"], ["", ""], ["b", "slack"]]

    found = entries(newline.join(delimiter.join(line) for line in lines))

    assert found == [
        Entry("line 2", {"user": "a", "service": "gmail"}),
        Entry("line 4", {"user": "b", "service": "slack"}),
    ]


def test_a_quoted_cell_may_hold_commas_and_line_breaks() -> None:
    found = entries('user,displayName\na,"one,\ntwo"\nb,three\n')

    assert found == [
        Entry("line 2", {"user": "a", "displayName": "one,\ntwo"}),
        Entry("line 4", {"user": "b", "displayName": "three"}),
    ]


def test_a_line_with_a_cell_too_many_is_refused_alone() -> None:
    found = entries("user,service\na,gmail,composio\nb,slack\n")

    assert [type(entry) for entry in found] == [Refusal, Entry]
    assert str(found[0]).startswith("line 2: has 3 cells; the header has 2")


def test_a_json_entry_that_is_no_object_is_refused_alone() -> None:
    found = entries('[7, {"user": "a", "user": "b"}, {"user": "c"}]')

    assert [type(entry) for entry in found] == [Refusal, Refusal, Entry]
    assert str(found[0]).startswith("line 1, entry 1: is not an object")
    assert str(found[1]).startswith("line 1, entry 2: user: is said twice")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "the file is empty"),
        (b"\xef\xbb\xbf \n\n", "the file is empty"),
        (b"alice,gmail,composio,ca_1\n", "line 1: this is no header"),
        (b"\n\nuser,colour\na,red\n", "line 3: the header has columns we do not know: colour"),
        (b"user,\na,b\n", "line 1: the header has columns we do not know: a nameless one"),
        (b"user,user\na,b\n", "line 1: the column user is there twice"),
        (b'user,service\na,gmail\nb,"slack\n', "line 3: unexpected end of data"),
        (b'\n"user,service\na,gmail\n', "line 2: unexpected end of data; is a quotation mark"),
        (b'user,service\na,"gmail"x\n', "line 2: "),
        (b'"user"x,service\na,gmail\n', "line 1: "),
        (b"user,service\n" + b"x" * 200_000 + b",gmail\n", "line 2: "),
        (b"user,service\n" + b"x" * 1_100_000, "line 2: it has more than 1,000,000 characters"),
        (b'[{"user": "a",}]', "line 1, column 15"),
        ("user,service\na,b\n".encode("utf-16"), "line 1: this is no header"),
    ],
)
def test_a_broken_file_is_told_with_the_line(content: bytes, problem: str) -> None:
    with pytest.raises(Unreadable) as unreadable:
        entries(content)

    assert str(unreadable.value).startswith(problem)


def test_a_file_without_a_header_shows_nothing_of_itself() -> None:
    with pytest.raises(Unreadable) as unreadable:
        entries("alice,gmail,mcp,1,https://host/secret,t0ken-s3cret\n")

    assert "secret" not in str(unreadable.value)
    assert "s3cret" not in str(unreadable.value)
