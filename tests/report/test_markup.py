"""HTML from nested calls."""

import html

from hypothesis import given
from hypothesis import strategies as st

from unitvoice.report.markup import Markup, element, joined


@given(st.text())
def test_text_never_becomes_markup(text):
    written = joined(text)
    assert "<" not in written
    assert html.unescape(written) == text


def test_markup_is_not_escaped_twice():
    assert element("p", element("b", "a & b"), Markup("<hr>")) == "<p><b>a &amp; b</b><hr></p>"


def test_attributes_are_quoted_safely():
    assert element("img", alt='"><script>', src="x") == '<img alt="&quot;&gt;&lt;script&gt;" src="x">'


def test_absent_attributes_and_content_leave_nothing():
    assert element("p", None, [], id=None, hidden=False) == "<p></p>"


def test_names_of_attributes_follow_svg_and_html():
    written = element("svg", viewBox="0 0 1 1", aria_label="x", class_="y", x=1.0, y=0.333333)
    assert written == '<svg viewBox="0 0 1 1" aria-label="x" class="y" x="1" y="0.33"></svg>'
