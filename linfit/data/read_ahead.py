"""read_ahead: the next item is read in a thread while the current one is in use."""

from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")


def read_ahead(items: Generator[Item, None, None]) -> Iterator[Item]:
    """Yield the items of a generator; a thread computes each while the previous one is in use.

    The items must not be None.
    """
    try:
        with ThreadPoolExecutor(1) as reader:
            following = reader.submit(next, items, None)
            while (item := following.result()) is not None:
                following = reader.submit(next, items, None)
                yield item
    finally:
        items.close()
