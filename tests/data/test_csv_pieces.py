"""Reading a CSV file in pieces of whole lines: no byte is lost, and a piece stays unchanged while it may be in use."""

import gzip
from collections import deque

import pytest

from linfit.data.csv_pieces import open_unpacked, read_pieces

FILES = {
    "plain": b"".join(b"%d,%d\n" % (i, i * i) for i in range(400)),
    "no last line break": b"1,2\n3,4\n5,6",
    "one line": b"1,2,3,4,5,6,7,8,9,10,11,12",
    "a line longer than a buffer": b"1\n2\n" + b"3" * 5000 + b"\n4\n5\n",
    "line breaks within quotes": b'a,"b\nc"\nd,"e\n\n\nf"\n' * 50,
    "quotes of many lines": b'1,2\n"' + b"x\n" * 500 + b'",3\n4,5\n',
    "empty": b"",
}


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("buffers", [1, 3])
@pytest.mark.parametrize("size", [16, 100, 4096])
@pytest.mark.parametrize("name", FILES)
def test_pieces_are_whole_lines_and_stay_while_they_may_be_used(name, size, buffers, packed, tmp_path):
    content = FILES[name]
    path = tmp_path / "file.csv"
    path.write_bytes(gzip.compress(content) if packed else content)
    read, in_use = b"", deque(maxlen=buffers)
    with open_unpacked(str(path)) as file:
        for piece in read_pieces(file, size, buffers):
            in_use.append((piece.content, bytes(piece.content)))
            assert all(bytes(piece_now) == piece_then for piece_now, piece_then in in_use)
            _, lines = in_use[-1]
            read += lines
            assert lines.endswith(b"\n") or read == content
            assert lines.count(b'"') % 2 == 0
            assert piece.has_quotes == (b'"' in lines)
    assert read == content


def test_a_quote_that_never_closes_ends_no_file(tmp_path):
    path = tmp_path / "file.csv"
    path.write_bytes((b'5" pipe\n' + b"1,2\n" * 500_000) * 4)
    for size, most in {2**16: 2**21, 2**21: 2**21}.items():  # the closing quote is sought within 1 MiB
        with open_unpacked(str(path)) as file:
            found = ((len(piece.content), piece.has_quotes) for piece in read_pieces(file, size, 2))
            sizes, quotes = zip(*found, strict=True)
        assert quotes[0]
        assert sum(sizes) == path.stat().st_size
        assert max(sizes) <= most
