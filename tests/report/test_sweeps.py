"""Sweeps: what was tried at several values with everything else equal."""

from unitvoice.report.sweeps import sweeps


def made(**model):
    return {"model": {"codes": 8, "width": 2, "gate": True, "sizes": [1, 2]} | model, "stages": {"one": {"steps": 5}}}


def test_three_values_of_one_number_make_a_sweep_in_the_order_of_the_values():
    found = sweeps({"large": made(codes=64), "small": made(codes=8), "middle": made(codes=16)})
    assert [(one.setting, one.points) for one in found] == [
        ("model.codes", ((8.0, "small"), (16.0, "middle"), (64.0, "large")))
    ]


def test_a_variant_that_differs_in_something_else_too_is_no_part_of_it():
    found = sweeps({"a": made(codes=4), "b": made(codes=8), "c": made(codes=16), "d": made(codes=32, width=9)})
    assert [name for _, name in found[0].points] == ["a", "b", "c"]


def test_two_values_are_no_curve_and_equal_variants_no_point_twice():
    assert not sweeps({"a": made(codes=4), "b": made(codes=8), "again": made(codes=8)})


def test_settings_of_stages_count_too_and_switches_do_not():
    stages = [made() | {"stages": {"one": {"steps": steps}}} for steps in (1, 2, 3)]
    assert [one.setting for one in sweeps(dict(zip("abc", stages, strict=True)))] == ["stages.one.steps"]
    assert not sweeps({"a": made(gate=True), "b": made(gate=False), "c": made(gate=0.5)})


def test_two_groups_with_other_settings_are_two_sweeps():
    first = {f"a{codes}": made(codes=codes) for codes in (2, 4, 8)}
    second = {f"b{codes}": made(codes=codes, width=7) for codes in (2, 4, 8)}
    assert [len(one.points) for one in sweeps(first | second)] == [3, 3]


def test_a_system_without_settings_does_no_harm():
    assert not sweeps({"a": made(), "joined": {}})
