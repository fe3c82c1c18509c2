"""Widgets whose choice is kept in the session and in the address, so that a page can be shared and come back to.

The address holds codes, never words: a link made in Chinese opens in English. Only what differs from the
default stands in it. What an address says and does not exist is ignored.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, Literal, TypeVar

import streamlit as st

Value = TypeVar("Value")
Look = Literal["select", "segments", "pills"]
UNKNOWN = "__unknown__"
_KEPT = "kept_choices"


def choose(
    label: str,
    name: str,
    options: Sequence[str],
    default: str,
    names: Callable[[str], str] = str,
    *,
    look: Look = "select",
    help: str | None = None,
    label_visibility: Literal["visible", "hidden", "collapsed"] = "visible",
) -> str:
    """One of the options."""
    given = _given(name)
    _prepare(name, given[0] if given and given[0] in options else default, lambda held: held in options)
    common: dict[str, Any] = {
        "key": _key(name), "format_func": names, "help": help, "label_visibility": label_visibility
    }  # fmt: skip
    if look == "select":
        value = st.selectbox(label, options, **common)
    else:
        widget = st.segmented_control if look == "segments" else st.pills
        value = widget(label, options, required=True, **common)
    _keep(name, [value], [default])
    return str(value)


def choose_several(
    label: str,
    name: str,
    options: Sequence[str | None],
    names: Callable[[str | None], str],
    *,
    most: int | None = None,
    help: str | None = None,
    placeholder: str | None = None,
    default: Sequence[str] = (),
    look: Literal["select", "pills"] = "select",
) -> tuple[str | None, ...]:
    """Any of the options; None is unknown."""
    codes = [UNKNOWN if option is None else option for option in options]
    given = _given(name)
    initial = list(default) if given is None else [code for code in given if code in codes][:most]
    _prepare(name, initial, lambda held: isinstance(held, list) and all(code in codes for code in held))
    common: dict[str, Any] = {
        "key": _key(name), "help": help, "format_func": lambda code: names(None if code == UNKNOWN else code)
    }  # fmt: skip
    if look == "pills":
        chosen = st.pills(label, codes, selection_mode="multi", **common)
    else:
        chosen = st.multiselect(label, codes, max_selections=most, placeholder=placeholder, **common)
    _keep(name, list(chosen), list(default))
    return tuple(None if code == UNKNOWN else code for code in chosen)


def choose_flag(label: str, name: str, *, help: str | None = None) -> bool:
    """Yes or no; no by default."""
    _prepare(name, _given(name) == ["1"], lambda held: isinstance(held, bool))
    value = bool(st.toggle(label, key=_key(name), help=help))
    _keep(name, ["1"] if value else [], [])
    return value


def choose_number(
    label: str, name: str, default: float | None, *, lowest: float, highest: float, help: str | None = None
) -> float | None:
    """A number, or none."""
    given = _given(name)
    _prepare(
        name,
        default if given is None else _number(given[0], lowest, highest),
        lambda held: held is None or lowest <= held <= highest,
    )
    value = st.number_input(label, lowest, highest, step=1.0, key=_key(name), help=help, format="%g")
    _keep(name, ["" if value is None else f"{value:g}"], ["" if default is None else f"{default:g}"])
    return value


def choose_day(label: str, name: str, *, earliest: date, latest: date, help: str | None = None) -> date | None:
    """A day, or none (the default)."""
    given = _given(name)
    _prepare(
        name,
        _day(given[0], earliest, latest) if given else None,
        lambda held: held is None or earliest <= held <= latest,
    )
    value = st.date_input(label, None, earliest, latest, key=_key(name), help=help, format="YYYY-MM-DD")
    chosen = value if isinstance(value, date) else None
    _keep(name, [] if chosen is None else [chosen.isoformat()], [])
    return chosen


def choose_text(label: str, name: str, *, placeholder: str | None = None) -> str:
    """A text; none by default."""
    given = _given(name)
    _prepare(name, given[0][:100] if given else "", lambda held: isinstance(held, str))
    value = st.text_input(label, key=_key(name), placeholder=placeholder, max_chars=100)
    _keep(name, [value] if value else [], [])
    return value


def set_choice(name: str, *values: str) -> None:
    """Choose from code what a widget of this name will show when it is next drawn."""
    st.session_state.setdefault(_KEPT, {})[name] = list(values)
    st.session_state.pop(_key(name), None)
    st.query_params[name] = list(values)


def _key(name: str) -> str:
    return f"choice_{name}"


def _given(name: str) -> list[str] | None:
    """What the session remembers, else what the address says."""
    kept: dict[str, list[str]] = st.session_state.setdefault(_KEPT, {})
    if name in kept:
        return kept[name]
    return st.query_params.get_all(name) or None


def _prepare(name: str, initial: Any, is_possible: Callable[[Any], bool]) -> None:
    """Set the widget's value before it is drawn, unless it holds a possible one."""
    key = _key(name)
    if key not in st.session_state or not is_possible(st.session_state[key]):
        st.session_state[key] = initial


def _keep(name: str, codes: list[str], default: list[str]) -> None:
    st.session_state[_KEPT][name] = codes
    shown = [] if codes == default else codes
    if st.query_params.get_all(name) != shown:
        if shown:
            st.query_params[name] = shown
        else:
            st.query_params.pop(name, None)


def _number(text: str, lowest: float, highest: float) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if lowest <= number <= highest else None


def _day(text: str, earliest: date, latest: date) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if earliest <= day <= latest else None
