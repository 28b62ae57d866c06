"""Our own machine for the pickles of checkpoints: it describes what it knows, names what it is asked to run, and runs nothing."""

from __future__ import annotations

import contextlib
import io
import pickle
import struct
from collections import OrderedDict
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hay_say_lab.domain.skeleton import Opaque, TensorSpec
from hay_say_lab.errors import InvalidRequest
from hay_say_lab.library.pickles import MOST_DEPTH, read_pickle
from hay_say_lab.library.rebuilding import zip_storage
from hay_say_lab.library.window import Window
from tests.library.torch_files import Raw, call, instructions, name, pickled

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20) | st.binary(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4) | st.tuples(inner, inner),
    max_leaves=12,
)


def _read(content: bytes) -> Any:
    return read_pickle(Window(io.BytesIO(content), 0, len(content)), zip_storage).value


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
@settings(max_examples=25, deadline=None)
@given(value=PLAIN)
def test_plain_values_come_out_as_pickle_put_them_in(protocol: int, value: Any) -> None:
    if protocol == 2 or protocol < 2:
        value = _without_bytes(value)       # before protocol 3 bytes are a call, which is not read here
    assert _read(pickle.dumps(value, protocol)) == value


def _without_bytes(value: Any) -> Any:
    match value:
        case bytes():
            return None
        case list() | tuple():
            return type(value)(_without_bytes(item) for item in value)
        case dict():
            return {key: _without_bytes(item) for key, item in value.items()}
    return value


def test_what_a_value_shares_it_still_shares() -> None:
    inner = [1, 2]
    found = _read(pickle.dumps([inner, inner]))
    assert found == [[1, 2], [1, 2]]
    assert found[0] is found[1]


def test_an_ordered_dict_is_a_dict_and_its_metadata_is_let_go() -> None:
    ordered = OrderedDict(a=1, b=2)
    ordered._metadata = {"": {"version": 1}}        # type: ignore[attr-defined]
    assert _read(pickle.dumps(ordered, 2)) == {"a": 1, "b": 2}


def _tensor(elements: int, offset: int, shape: tuple[int, ...], stride: tuple[int, ...], kind: str = "HalfStorage") -> Raw:
    storage = b"(" + instructions("storage") + name("torch", kind) + instructions("0") + instructions("cpu")
    arguments = storage + instructions(elements) + b"tQ" + b"".join(map(instructions, (offset, shape, stride, False, {})))
    return Raw(name("torch._utils", "_rebuild_tensor_v2") + b"(" + arguments + b"tR")


def test_a_tensor_is_described_with_its_storage() -> None:
    found = _read(pickled({"w": _tensor(24, 4, (2, 3), (6, 2))}))
    assert found == {"w": TensorSpec("float16", (2, 3), (6, 2), "0", 4)}
    assert found["w"].bytes == 12


@pytest.mark.parametrize(
    ("elements", "offset", "shape", "stride"),
    [
        (10, 0, (11,), (1,)),               # one too many
        (10, 5, (6,), (1,)),                # begins too late
        (10, 0, (4, 4), (4, 1)),            # the last row is not there
        (10, 0, (2,), (1, 1)),              # two strides for one dimension
        (10, -1, (2,), (1,)),
        (10, 0, (1 << 62, 1 << 62), (1, 1)),
        (10, 0, (1 << 40,), (0,)),          # a million times the same number
        (1 << 60, 0, (1 << 60,), (1,)),
        (10, 0, (1,) * 17, (1,) * 17),
    ],
)
def test_a_tensor_that_reaches_beyond_its_weights_is_refused(
    elements: int, offset: int, shape: tuple[int, ...], stride: tuple[int, ...]
) -> None:
    with pytest.raises(InvalidRequest, match="damaged, or was made to break"):
        _read(pickled({"w": _tensor(elements, offset, shape, stride)}))


def test_the_dictionary_that_fairseq_left_in_the_content_encoder_is_an_empty_thing() -> None:
    raw = Raw(name("fairseq.data.dictionary", "Dictionary") + b")\x81}(" + instructions("symbols") + instructions(["a"]) + b"ub")
    assert _read(pickled({"task_state": raw, "n": 3})) == {"task_state": Opaque("fairseq.data.dictionary.Dictionary"), "n": 3}


class _Payload:
    def __init__(self, *reduced: Any) -> None:
        self.reduced = reduced

    def __reduce__(self) -> Any:
        return self.reduced


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
@pytest.mark.parametrize(
    ("reduced", "named"),
    [
        ((eval, ("1",)), "eval"),
        ((exec, ("1",)), "exec"),
        ((getattr, ("a", "b")), "getattr"),
        ((__import__("os").system, ("true",)), "posix.system"),
        ((__import__("subprocess").Popen, (["true"],)), "Popen"),
        ((__import__("socket").create_connection, (("127.0.0.1", 9),)), "create_connection"),
        ((__import__("operator").attrgetter, ("a",)), "attrgetter"),
        ((__import__("runpy").run_path, ("a",)), "run_path"),
    ],
)
def test_whatever_a_pickle_asks_to_run_is_refused_by_its_name(protocol: int, reduced: Any, named: str) -> None:
    with pytest.raises(InvalidRequest, match="asks to run") as refused:
        _read(pickle.dumps({"weight": _Payload(*reduced)}, protocol))
    assert named in refused.value.message
    assert refused.value.problems[0].fix.label


@pytest.mark.parametrize(
    "content",
    [
        b"(S'true'\nios\nsystem\n.",                                                   # INST
        b"\x80\x02cos\nsystem\n\xff\xff broken behind it",                              # GLOBAL, then nothing that is a pickle
        b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x04true\x85R.",                      # STACK_GLOBAL
        b"\x80\x02}X\x01\x00\x00\x00aX\x02\x00\x00\x00ossctorch\nload\n.",              # a module of torch's
        b"\x80\x02ctorch.storage\n_load_from_bytes\n(tR.",                              # torch's own way into pickle
        b"\x80\x02cnumpy.core.multiarray\n_reconstruct\n(tR.",
        b"\x80\x02cbuiltins\ngetattr\n(tR.",
        b"\x80\x02c__builtin__\neval\n(tR.",
    ],
    ids=range(8),
)  # fmt: skip
def test_every_way_to_ask_is_a_way_to_be_refused(content: bytes) -> None:
    with pytest.raises(InvalidRequest, match="asks to run"):
        _read(content)


@pytest.mark.parametrize("code", [b"\x82\x01", b"\x83\x01\x00", b"\x84\x01\x00\x00\x00", b"P1\n", b"\x97", b"\x98"])
def test_instructions_that_no_checkpoint_needs_are_refused(code: bytes) -> None:
    with pytest.raises(InvalidRequest):
        _read(b"\x80\x02" + code + b".")


def test_what_was_harmlessly_named_may_not_be_called_with_anything() -> None:
    for raw in (call("torch", "FloatStorage", 1 << 40), call("torch", "float32"), call("_codecs", "encode", "a", "rot13")):
        with pytest.raises(InvalidRequest):
            _read(pickled({"a": raw}))


def test_a_state_is_given_to_nobody() -> None:
    with pytest.raises(InvalidRequest, match="the state of"):
        _read(b"\x80\x02]}(" + instructions("__class__") + instructions("x") + b"ub.")


def test_depth_is_bounded_and_a_value_inside_itself_is_refused() -> None:
    deep: list[Any] = []
    for _ in range(MOST_DEPTH + 2):
        deep = [deep]
    looped: list[Any] = []
    looped.append(looped)
    for value in (deep, looped):
        with pytest.raises(InvalidRequest, match="inside each other"):
            _read(pickle.dumps(value))


def test_a_bomb_of_references_costs_what_its_bytes_cost() -> None:
    bomb: list[Any] = []
    for _ in range(60):
        bomb = [bomb, bomb]                                 # 2^60 leaves in 200 bytes
    _read(pickle.dumps(bomb))
    keys: Any = ()
    for _ in range(60):
        keys = (keys, keys)
    raw = pickle.dumps(keys)[:-1]
    with pytest.raises(InvalidRequest, match="neither text nor a number"):
        _read(b"\x80\x04}" + raw[2:].replace(b"\x95", b"\x95", 1) + b"Ns.")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x80\x02",
        b"\x80\x02X\xff\xff\xff\xffabc",                    # a string of 4 GB
        b"\x80\x04\x8d" + struct.pack("<Q", 1 << 60),       # of an exabyte
        b"\x80\x02\x8b\xff\xff\xff\x7f",                    # a number of 2 GB
        b"\x80\x02(e.",
        b"\x80\x02t.",
        b"\x80\x02h\x05.",                                  # a memo that is not there
        b"\x80\x02}K\x01e.",
        b"\x80\x02K\x01K\x02.",                             # two values
        b"I" + b"9" * 100_000 + b"\n.",                     # a number that takes for ever to read
        b"\xff" * 64,
    ],
    ids=range(12),
)  # fmt: skip
def test_what_is_damaged_is_a_refusal_and_never_a_crash(content: bytes) -> None:
    with pytest.raises(InvalidRequest):
        _read(content)


@settings(max_examples=150, deadline=None)
@given(content=st.binary(max_size=200), at=st.integers(0, 60), value=st.integers(0, 255))
def test_no_sequence_of_bytes_does_anything_but_be_read_or_refused(content: bytes, at: int, value: int) -> None:
    good = bytearray(pickled({"weight": {"a": _tensor(24, 4, (2, 3), (6, 2))}, "config": [1, 2.0, "x"], "f0": True}))
    good[at] = value
    for attempt in (bytes(good), b"\x80\x02" + content):
        with contextlib.suppress(InvalidRequest):
            _read(attempt)
