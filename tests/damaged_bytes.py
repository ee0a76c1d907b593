"""What becomes of a file on a bad disk or a bad line: bytes are flipped, cut, doubled, or others stand among them."""

from collections.abc import Sequence

from hypothesis import strategies as st


@st.composite
def damaged(draw, whole: bytes, pieces: Sequence[bytes] = (b"\0", b"\xff")) -> bytes:
    """`whole`, or nothing, with up to six changes. `pieces`: what means something in files of this kind."""
    data = bytearray(draw(st.sampled_from([whole, b""])))
    for _ in range(draw(st.integers(0, 6))):
        at = draw(st.integers(0, len(data)))
        change = draw(st.sampled_from(["flip", "cut", "put", "double", "any"]))
        if change == "flip" and at < len(data):
            data[at] ^= draw(st.integers(1, 255))
        elif change == "cut":
            del data[at : at + draw(st.integers(1, 200))]
        elif change == "double":
            data[at:at] = data[at : at + 200]
        else:
            data[at:at] = draw(st.binary(max_size=30) if change == "any" else st.sampled_from(pieces))
    return bytes(data)
