"""The expression tree's own functions."""

import unicodedata

from auditor.engine import Database
from auditor.model.expr import (
    TRUE,
    And,
    CompareFacts,
    Const,
    In,
    Not,
    Or,
    Present,
    all_of,
    any_of,
    facts_of,
    fold,
    needed_facts,
)

A, B, C = In("a", (1,)), In("b", (1,)), In("c", (1,))


def test_fold_is_one_character_for_one_and_is_the_engine_s():
    letters = [chr(i) for i in range(1, 0x110000) if unicodedata.category(chr(i)) not in ("Cs", "Cn", "Co")]
    assert all(len(fold(letter)) == 1 for letter in letters)
    with Database() as db:
        for start in range(0, len(letters), 20_000):
            part = letters[start : start + 20_000]
            lowered = db.execute("SELECT list_transform(?::VARCHAR[], lambda c: lower(c))", [part])[0][0]
            assert lowered == [fold(letter) for letter in part]


def test_fold_of_a_text_is_that_of_its_characters():
    assert fold("\u0130\u212a \u03a3\u0391\u03a3 Stra\u1e9ee") == "ik \u03c3\u03b1\u03c3 stra\u00dfe"


def test_all_of_is_flat_and_without_what_is_always_true():
    assert all_of() == all_of(TRUE, TRUE) == TRUE
    assert all_of(TRUE, A) == A
    assert all_of(A, And((B, C)), TRUE) == And((A, B, C))
    assert all_of(And(()), And(())) == TRUE
    assert all_of(Const(value=False), A) == And((Const(value=False), A))


def test_any_of_is_flat_and_gathers_equalities():
    assert any_of(A, In("a", (2,)), B) == Or((In("a", (1, 2)), B))
    assert any_of(A, Or((In("a", (3,)), C))) == Or((In("a", (1, 3)), C))
    assert any_of(In("t", ("x",)), In("t", ("Y",), cased=True)) == Or((In("t", ("x",)), In("t", ("Y",), cased=True)))
    assert any_of(Not(A)) == Not(A)
    assert any_of() == Or(())


def test_facts_that_are_read_and_facts_that_are_needed():
    expr = And((Present("p"), Or((A, Not(CompareFacts("x", "eq", "y")))), Const(None, "judge")))
    assert facts_of(expr) == {"p", "a", "x", "y"}
    assert needed_facts(expr) == {"a", "x", "y"}
