"""Words for tags and branches: unguessable, and each given once."""

import os
import re

from chakka.callplane.tokens import Tokens


def test_no_word_comes_twice() -> None:
    tokens = Tokens()
    words = [tokens.next() for _ in range(3_000)]
    assert len(set(words)) == 3_000
    assert all(re.fullmatch("[0-9a-f]{16}", word) for word in words)


def test_every_octet_that_is_drawn_is_given_once() -> None:
    drawn: list[bytes] = []

    def randomness(octets: int) -> bytes:
        drawn.append(os.urandom(octets))
        return drawn[-1]

    tokens = Tokens(randomness)
    words = [tokens.next() for _ in range(len(randomness(4096)) // 8)]
    assert len(drawn) == 2
    assert sorted(words) == sorted(drawn[1].hex()[place : place + 16] for place in range(0, 8192, 16))


def test_a_fork_gives_words_of_its_own() -> None:
    tokens = Tokens()
    tokens.next()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, tokens.next().encode())
        os._exit(0)
    os.waitpid(child, 0)
    of_child = os.read(reading, 100).decode()
    os.close(reading)
    os.close(writing)
    assert len(of_child) == 16
    assert of_child not in {tokens.next() for _ in range(600)}
