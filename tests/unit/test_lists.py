"""List variables: separators, quotes, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from immich_tools.settings.values import split_list, typed

NAMES = st.text(st.characters(exclude_categories=("Cc", "Cs", "Z")), min_size=1)


@pytest.mark.parametrize(
    ("text", "elements"),
    [
        ("Italy", ["Italy"]),
        (" Italy , 2024 ", ["Italy", "2024"]),
        ('"Italy, 2024"', ["Italy, 2024"]),
        ("'Italy, 2024'", ["Italy, 2024"]),
        ('"Italy, 2024",Italy, "2024"', ["Italy, 2024", "Italy", "2024"]),
        ("'a, b' , c", ["a, b", "c"]),
        ('"say ""hi"", twice",x', ['say "hi", twice', "x"]),
        ("'t Gooi,'s-Hertogenbosch", ["'t Gooi", "'s-Hertogenbosch"]),
        ("'it's, fine',x", ["it's, fine", "x"]),
        ('7" singles,x', ['7" singles', "x"]),
        ("it's", ["it's"]),
        (' " a " ', ["a"]),
    ],
)
def test_quotes_keep_an_element_together(text: str, elements: list[str]) -> None:
    assert split_list(text) == elements


@pytest.mark.parametrize("text", ["", ",", "a,", ",a", "a,,b", "a, ,b", '""', "a,''", '" "'])
def test_an_empty_element_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="empty element"):
        split_list(text)


@pytest.mark.parametrize("text", ['"', '"Italy, 2024', 'a,"b', '"a"b'])
def test_a_quote_that_is_not_closed_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not closed"):
        split_list(text)


@given(st.lists(NAMES, min_size=1), st.sampled_from([",", ":"]))
def test_every_element_can_be_written_in_quotes(names: list[str], separator: str) -> None:
    text = f" {separator} ".join('"{}"'.format(name.replace('"', '""')) for name in names)
    assert split_list(text, separator) == names


@given(st.lists(NAMES.filter(lambda name: '"' not in name and "'" not in name), min_size=1))
def test_what_is_shown_as_a_default_is_read_as_the_same_list(names: list[str]) -> None:
    assert split_list(typed(tuple(names))) == names


def test_a_long_run_of_quotes_is_read_at_once() -> None:
    for text in ("'" * 5001, '"' * 5001, "'" + "'a" * 2000):
        try:
            split_list(text)
        except ValueError:
            continue
