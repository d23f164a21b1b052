"""Rows as CSV that no spreadsheet takes for a program."""

import csv
import io

import pytest

from integrations_health import spreadsheets


def read_back(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


@pytest.mark.parametrize(
    "text",
    [
        '=HYPERLINK("http://evil","x")',
        *("+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\uff1d1", "\uff20a"),
    ],
)
def test_a_text_that_would_be_computed_is_disarmed(text: str) -> None:
    line = spreadsheets.lines([{"errorMessage": text}], columns=["errorMessage"])

    assert read_back(line) == [[f"'{text}"]]


def test_numbers_stay_numbers_and_nothing_stays_nothing() -> None:
    row = {"low": -5, "share": 97.5, "none": None, "text": 'a "quoted", text'}

    line = spreadsheets.lines([row], columns=list(row))

    assert line == '-5,97.5,,"a ""quoted"", text"\r\n'


def test_the_header_names_the_columns() -> None:
    assert spreadsheets.header(["checkedAt", "status"]) == "checkedAt,status\r\n"
