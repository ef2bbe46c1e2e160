"""The YAML reader: what is data, what is refused and where, and that hostile files can do no harm."""

import json
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.errors import AuditorError, Location
from auditor.model.policy import Document, NamedList
from auditor.yamlfile import MAX_BYTES, MAX_DEPTH, nearest, parse_yaml, read_yaml, scalar, validate, write_yaml

HOSTILE = Path(__file__).parent / "data" / "hostile"
SUITE = json.loads((HOSTILE / "yaml_test_suite.json").read_text("utf-8"))
DATA = (dict, list, str, int, float, bool, type(None))


def refused(text: str) -> list[str]:
    """Return the faults for which `text` is refused, as `line:column message`."""
    with pytest.raises(AuditorError) as caught:
        parse_yaml(text, "f")
    return [f"{fault.location.line}:{fault.location.column} {fault.message}" for fault in caught.value.faults]


def plain(value: object) -> bool:
    """Return whether `value` is data through and through."""
    if type(value) not in DATA:
        return False
    parts = [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, list) else ()
    return all(map(plain, parts))


def test_positions_of_keys_and_items():
    tree = parse_yaml("a: 1\nb:\n  - x\n  - {c: 2, d: [3, 4]}\n", "f")
    assert tree.value == {"a": 1, "b": ["x", {"c": 2, "d": [3, 4]}]}
    assert tree.positions == {
        (): (1, 1), ("a",): (1, 1), ("b",): (2, 1), ("b", 0): (3, 5), ("b", 1): (4, 5), ("b", 1, "c"): (4, 6),
        ("b", 1, "d"): (4, 12), ("b", 1, "d", 0): (4, 16), ("b", 1, "d", 1): (4, 19),
    }  # fmt: skip
    assert tree.where(("b", 1, "d", 7, "deeper")) == Location("f", 4, 12)
    assert tree.where(("nowhere",)) == Location("f", 1, 1)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("NO", "NO"), ("no", "no"), ("yes", "yes"), ("on", "on"), ("y", "y"), ("2024-05-31", "2024-05-31"),
        ("2024-05-31T00:00:00Z", "2024-05-31T00:00:00Z"), ("12:30:45", "12:30:45"), ("true", True), ("FALSE", False),
        ("tRue", "tRue"),
        ("null", None), ("~", None), ("", None), ("0", 0), ("-7", -7), ("+7", 7), ("007", "007"), ("0x1F", "0x1F"),
        ("0o7", "0o7"),
        ("1_000", "1_000"), ("1.0", 1.0), ("1e3", 1000.0), ("1.5E-2", 0.015), (".5", ".5"), ("1.", "1."),
        (".nan", ".nan"),
        (".inf", ".inf"), ("1e999", "1e999"), ("999999999999999999", 999999999999999999),
        ("9999999999999999999", "9999999999999999999"), ("\u0661", "\u0661"), ("<<", "<<"), ("=", "="),
    ],
)  # fmt: skip
def test_plain_scalars(text, value):
    tree = parse_yaml(f"k: {text}", "f")
    assert tree.value == {"k": value}
    assert str(tree.value) == str({"k": value})
    assert scalar(text) == value


def test_quoted_and_block_scalars_are_text():
    assert parse_yaml("a: 'true'\nb: \"1\"\nc: |\n  2\nd: >\n  null\ne: ''", "f").value == {
        "a": "true", "b": "1", "c": "2\n", "d": "null\n", "e": "",
    }  # fmt: skip


def test_a_key_is_text_whatever_it_looks_like():
    assert parse_yaml("1: a\ntrue: b\nNO: c\n~: d", "f").value == {"1": "a", "true": "b", "NO": "c", "~": "d"}


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("a: 1\nb: 2\na: 3", ["3:1 the key 'a' stands here a second time"]),
        ("x: {a: 1, 'a': 2}", ["1:11 the key 'a' stands here a second time"]),
        ("a: &x 1\nb: *x", ["2:4 aliases (*name) are not read; write the value out"]),
        ("a: &x [*x]", ["1:8 aliases (*name) are not read; write the value out"]),
        ("a: !!int '3'", ["1:4 tags are not read: tag:yaml.org,2002:int"]),
        ("a: !mine {b: !other []}", ["1:4 tags are not read: !mine", "1:14 tags are not read: !other"]),
        ("? [a, b]\n: 1\n? {c: d}\n: 2", ["1:3 a key must be plain text", "3:3 a key must be plain text"]),
        ("a: 1\n---\nb: 2", ["2:1 a second document starts here; use one document a file"]),
        ("a: [1, 2", ["2:1 not valid YAML: did not find expected ',' or ']'"]),
        ("a: b: c", ["1:5 not valid YAML: mapping values are not allowed in this context"]),
        ("\tx: 1", ["1:1 not valid YAML: found character that cannot start any token"]),
    ],
)
def test_refused(text, faults):
    assert refused(text) == faults


def test_all_faults_are_reported_at_once():
    assert refused("a: *x\na: !t 1\nb: [*y]\nb: 1") == [
        "1:4 aliases (*name) are not read; write the value out",
        "2:1 the key 'a' stands here a second time",
        "2:4 tags are not read: !t",
        "3:5 aliases (*name) are not read; write the value out",
        "4:1 the key 'b' stands here a second time",
    ]


def test_depth():
    deepest = "[" * MAX_DEPTH + "]" * MAX_DEPTH
    assert parse_yaml(deepest, "f").value
    with pytest.raises(AuditorError, match=f"nested more than {MAX_DEPTH} deep"):
        parse_yaml(f"[[{deepest}]]", "f")
    with pytest.raises(AuditorError):
        parse_yaml("{a: " * 5000, "f")


def test_size():
    with pytest.raises(AuditorError, match="larger than 8 MB"):
        parse_yaml(" " * (MAX_BYTES + 1), "f")


def test_not_text(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_bytes(b"a: \xff")
    with pytest.raises(AuditorError, match=r"not UTF-8 text \(byte 3\)"):
        read_yaml(path)
    with pytest.raises(AuditorError, match="cannot read"):
        read_yaml(tmp_path / "absent.yaml")
    with pytest.raises(AuditorError, match="cannot read"):
        read_yaml(tmp_path)


@pytest.mark.parametrize(
    "text", ["\ud800", "a: \x00", "a: \x07", "\ufffe", 'a: "\\ud800"', "%YAML 9.9\n---\na", "%TAG ! x\n%TAG ! y\n---\n"]
)
def test_unreadable_characters_and_directives(text):
    assert refused(text)


@pytest.mark.parametrize("path", sorted(HOSTILE.glob("yaml_*.yaml")), ids=lambda path: path.stem)
def test_hostile_files(path):
    if path.stem == "yaml_norway":
        assert plain(read_yaml(path).value)
        return
    with pytest.raises(AuditorError) as caught:
        read_yaml(path)
    assert "\n" not in caught.value.message


def test_norway():
    text = str(read_yaml(HOSTILE / "yaml_norway.yaml").value)
    assert "False" not in text


def test_no_object_is_made(tmp_path):
    marker = tmp_path / "made"
    assert refused(f"a: !!python/object/apply:os.mkdir ['{marker}']")
    assert not marker.exists()


@pytest.mark.parametrize("name", SUITE)
def test_yaml_test_suite(name):
    """Whatever the file: a located refusal, or data of the same shape and texts as PyYAML's."""
    try:
        tree = parse_yaml(SUITE[name], name)
    except AuditorError as error:
        assert error.faults or "deep" in error.message
        return
    assert plain(tree.value)
    if name != "PW8X-0":  # PyYAML refuses an anchor that is defined twice; to us anchors are nothing
        assert same_shape(tree.value, yaml.load(SUITE[name], Loader=yaml.CBaseLoader))  # noqa: S506  # builds text only
    for model in (Document, NamedList):
        made, faults = validate(model, tree)
        assert (made is None) == bool(faults)


def same_shape(ours: object, theirs: object) -> bool:
    """Return whether two values have the same keys and items; leaves are compared where ours is text."""
    if isinstance(ours, dict):
        return (
            isinstance(theirs, dict)
            and ours.keys() == theirs.keys()
            and all(same_shape(ours[k], theirs[k]) for k in ours)
        )
    if isinstance(ours, list):
        return isinstance(theirs, list) and len(ours) == len(theirs) and all(map(same_shape, ours, theirs))
    return ours == theirs if isinstance(ours, str) else isinstance(theirs, str) or theirs is None


def test_the_suite_is_read_in_part():
    read = 0
    for text in SUITE.values():
        try:
            parse_yaml(text, "f")
        except AuditorError:
            continue
        read += 1
    assert 150 < read < len(SUITE)


leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**17), 10**17),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=6),
    st.sampled_from(
        [
            "NO",
            "yes",
            "2024-05-31",
            "1.0",
            "~",
            "0x1",
            "null",
            "*a",
            "&a",
            "!t",
            "<<",
            "a: b",
            "- a",
            "#",
            "\x85",
            "\ufeff",
        ]
    ),
)
values = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=4), inner, max_size=3),
    ),
    max_leaves=8,
)


@settings(derandomize=True, deadline=None, database=None, max_examples=300)
@given(values)
def test_what_is_written_is_read_back(value):
    assert parse_yaml(write_yaml(value), "f").value == value


@settings(derandomize=True, deadline=None, database=None, max_examples=300)
@given(st.text(st.sampled_from("{}[]:,-?!&*#|>'\"%@` \n\tab1~<="), max_size=30))
def test_any_text_is_data_or_refused(text):
    try:
        tree = parse_yaml(text, "f")
    except AuditorError:
        return
    assert plain(tree.value)


def test_nearest():
    assert nearest("aplication.purpose", {"application.purpose", "route"}) == "did you mean 'application.purpose'?"
    assert nearest("zzz", ["route"]) == ""


def test_files_of_others_are_read_as_they_are():
    text = "a: &x {b: 1}\nc: *x\nd: {<<: *x, e: 2}\nf: !tag 3\nf: 4\n? [g]\n: h\n---\nsecond: 1\n"
    value = parse_yaml(text, "theirs.yaml", loose=True).value
    assert value == {"a": {"b": 1}, "c": {"b": 1}, "d": {"b": 1, "e": 2}, "f": 4}
    with pytest.raises(AuditorError):
        parse_yaml(text, "ours.yaml")


def test_own_keys_count_before_those_that_are_merged_in():
    text = "a: &x {k: 1, l: 1}\nb: &y {l: 2, m: 2}\nc: {<<: [*x, *y], k: 3}\n"
    value = parse_yaml(text, "x.yaml", loose=True).value
    assert isinstance(value, dict) and value["c"] == {"k": 3, "l": 1, "m": 2}
