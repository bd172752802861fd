"""Working ahead: the next item is made while the present one is used."""

from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")


def read_ahead(items: Generator[Item, None, None]) -> Iterator[Item]:
    """The same items, each made in another thread while the one before is in use."""
    try:
        with ThreadPoolExecutor(1) as maker:
            following = maker.submit(next, items, None)
            while (item := following.result()) is not None:
                following = maker.submit(next, items, None)
                yield item
    finally:
        items.close()
