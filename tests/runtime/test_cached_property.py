"""A cached property: computed once for an object, and never behind a lock."""

from __future__ import annotations

import threading

from lowbit_dialect.cached_property import cached_property


class Squares:
    def __init__(self, number: int):
        self.number, self.count = number, 0

    @cached_property
    def square(self) -> int:
        """The square."""
        self.count += 1
        if not self.number:
            entered.set()
            assert go_on.wait(60)
        return self.number**2


entered, go_on = threading.Event(), threading.Event()


def test_it_is_computed_once_for_each_object():
    two, three = Squares(2), Squares(3)
    assert [two.square, three.square, two.square] == [4, 9, 4]
    assert (two.count, three.count) == (1, 1)
    assert Squares.square.__doc__ == "The square."


def test_an_object_does_not_wait_for_another():
    thread = threading.Thread(target=lambda: Squares(0).square)
    thread.start()
    assert entered.wait(60)
    assert Squares(5).square == 25
    go_on.set()
    thread.join()
