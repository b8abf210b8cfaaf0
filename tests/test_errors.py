"""Lists of names in messages."""

from unitvoice.errors import InputError, listed


def test_input_error_is_a_value_error():
    assert issubclass(InputError, ValueError)


def test_a_list_at_the_limit_is_shown_whole():
    assert listed(range(10)) == "0, 1, 2, 3, 4, 5, 6, 7, 8, 9"


def test_a_list_over_the_limit_is_counted():
    assert listed(range(13)) == "0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 3 more"


def test_a_generator_and_an_empty_list_are_shown():
    assert listed(name for name in "ab") == "a, b"
    assert listed([]) == ""
