"""The constants of an ONNX file, read without the onnx package.

An ONNX file is a protocol buffer, a list of (field number, wire type, value):

    model.graph (7) -> graph.initializer (5) -> dims (1), data_type (2), name (8), raw_data (9)

That is all that is read; the file is our own, and anything unexpected in it raises ValueError.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_GRAPH, _INITIALIZER, _DIMS, _TYPE, _NAME, _RAW = 7, 5, 1, 2, 8, 9
_TYPES = {1: "<f4", 3: "<i1", 7: "<i8"}
_VARINT, _BYTES = 0, 2


def constants(data: bytes) -> "Mapping[str, NDArray[np.generic]]":
    """Every constant by name, in the shape and type that the file states; the arrays share its memory."""
    view = memoryview(data)
    graph = next(value for field, value in _fields(view) if field == _GRAPH)
    return dict(_tensor(value) for field, value in _fields(graph) if field == _INITIALIZER)


def _tensor(view: memoryview) -> "tuple[str, NDArray[np.generic]]":
    import numpy as np

    dims: list[int] = []
    name, kind, raw = "", 0, memoryview(b"")
    for field, value in _fields(view):
        if field == _DIMS:
            dims += [value] if isinstance(value, int) else [n for n, _ in _packed(value)]
        elif field == _TYPE:
            kind = value
        elif field == _NAME:
            name = bytes(value).decode()
        elif field == _RAW:
            raw = value
    if kind not in _TYPES:
        raise ValueError(f"the constant {name} has the unexpected type {kind}")
    return name, np.frombuffer(raw, dtype=_TYPES[kind]).reshape(dims)


def _fields(view: memoryview) -> Iterator[tuple[int, Any]]:
    at = 0
    while at < len(view):
        key, at = _varint(view, at)
        field, wire = key >> 3, key & 7
        if wire == _VARINT:
            value, at = _varint(view, at)
            yield field, value
        elif wire == _BYTES:
            length, at = _varint(view, at)
            yield field, view[at : at + length]
            at += length
        else:
            raise ValueError(f"the field {field} has the unexpected wire type {wire}")


def _packed(view: memoryview) -> Iterator[tuple[int, int]]:
    at = 0
    while at < len(view):
        value, at = _varint(view, at)
        yield value, at


def _varint(view: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = view[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
