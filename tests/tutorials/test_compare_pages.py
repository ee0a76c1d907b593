"""Which differences between two runs of a tutorial are rounding, and which are differences?"""

import pytest

from tutorials.compare_pages import page_differences, same_line


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("p = 0.93", "p = 0.94"),  # one in the last digit
        ("loss 2.9802322e-08", "loss 0.0"),  # rounding noise
        ("1234.5678", "1234.5701"),  # 1e-5 of its size
        ("tensor([1., -0.50])", "tensor([1., -0.51])"),
    ],
)
def test_numbers_may_differ_by_what_rounding_does(old, new):
    assert same_line(old, new) and same_line(new, old)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("p = 0.93", "p = 0.95"),
        ("12 passages", "13 passages"),  # whole numbers are counted, not rounded
        ("id 2047", "id 2048"),
        ("0.93 nats", "0.93 bits"),
        ("0.93", "-0.93"),
        ("0.9300", "0.9302"),
        ("[1, 2]", "[1, 2, 3]"),
    ],
)
def test_any_other_difference_counts(old, new):
    assert not same_line(old, new) and not same_line(new, old)


def test_a_number_in_prose_or_code_is_compared_to_the_letter():
    page = "It is 0.93.\n\n```python\nx = 0.93\n```\n\n```text\n0.93\n```\n"
    found = list(page_differences("page", page, page.replace("0.93", "0.94")))
    assert [line.split(":")[0] for line in found] == ["page, line 1", "page, line 4"]


def test_a_line_more_does_not_make_every_line_after_it_differ():
    page = "```text\n1.5\n2.5\n```\n"
    (line,) = page_differences("page", page, page.replace("1.5\n", "1.5\nnew\n"))
    assert line == "page, line 3: the page has '(no line)', the tutorial gives 'new'"
