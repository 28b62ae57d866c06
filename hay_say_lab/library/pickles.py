"""The part of pickle that torch's checkpoints use, read by our own machine: a stack, a memo, and nothing that is called.

Dicts, lists, tuples, sets, numbers, text, bytes and `OrderedDict` become themselves; a tensor becomes its `TensorSpec`; objects of the
classes in `rebuilding.INERT` become `Opaque`. Whatever else a pickle asks for is refused by its name, before anything is imported.
"""

from __future__ import annotations

import pickletools
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import IO, Any, cast

from hay_say_lab.domain.skeleton import Opaque
from hay_say_lab.errors import InvalidRequest
from hay_say_lab.library.rebuilding import (
    INERT,
    KNOWN_NAMES,
    Global,
    NumpyType,
    Storage,
    asks_for,
    damaged,
    filled,
    made,
    plain_keys,
)
from hay_say_lab.library.refusal import SAFETENSORS, refusal
from hay_say_lab.library.window import Window

MOST_STEPS = 4_000_000          # opcodes; a training checkpoint of 1,500 tensors with its optimizer has 150,000
MOST_MEMO = 1_000_000
MOST_DEPTH = 64                 # of containers in containers
LONGEST_TEXT = 1 << 24          # bytes of one string or bytes object


@dataclass(slots=True)
class Pickled:
    """What a pickle holds, the storages it speaks of, and the inert names that it asked for."""

    value: Any
    storages: dict[str, Storage] = field(default_factory=dict)
    inert: tuple[str, ...] = ()


class _Mark:
    """Where a group on the stack begins."""


_MARK = _Mark()


def read_pickle(window: Window, storage_of: Callable[[Any], Storage] | None = None) -> Pickled:
    """The next pickle in a window, up to its STOP. `storage_of` reads the id of a storage; without it there may be none.

    Raises InvalidRequest: it asks for something to be run, is damaged, or is larger than any checkpoint.
    """
    return _Machine(window, storage_of).run()


class _Machine:
    """One pickle on its way. Every opcode that may come has a method of its name; the others are refused."""

    def __init__(self, window: Window, storage_of: Callable[[Any], Storage] | None) -> None:
        self._window = window
        self._storage_of = storage_of
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}
        self._storages: dict[str, Storage] = {}
        self._inert: set[str] = set()

    def run(self) -> Pickled:
        steps = 0
        try:
            for opcode, argument, _ in pickletools.genops(cast(IO[bytes], self._window)):
                steps += 1
                if steps > MOST_STEPS:
                    raise damaged("it has more parts than any checkpoint")
                if opcode.name == "STOP":
                    break
                self._step(opcode.name, argument)
            value = self._pop()
        except InvalidRequest:
            raise
        except (ValueError, TypeError, IndexError, KeyError, OverflowError, struct.error, RecursionError) as error:
            raise damaged(f"{type(error).__name__} at byte {self._window.tell()}") from None
        if self._stack:
            raise damaged("something is left over behind its content")
        _check_depth(value)
        return Pickled(value, self._storages, tuple(sorted(self._inert)))

    def _step(self, name: str, argument: Any) -> None:
        if name in _IGNORED:
            return
        if name in _PLAIN:
            if isinstance(argument, str | bytes) and len(argument) > LONGEST_TEXT:
                raise damaged("one of its strings has no end")
            self._stack.append(argument)
        elif name in _CONSTANTS:
            made = _CONSTANTS[name]
            self._stack.append(made() if callable(made) else made)
        else:
            if name == "INST":
                raise asks_for(str(argument).replace(" ", ".", 1))
            act = _ACTS.get(name)
            if act is None:
                raise refusal(f"The file uses the pickle instruction {name}, which no checkpoint needs.", SAFETENSORS)
            act(self, argument)

    # The stack.

    def _pop(self) -> Any:
        found = self._stack.pop()
        if found is _MARK:
            raise ValueError("a mark")
        return found

    def _pop_group(self) -> list[Any]:
        """What lies above the topmost mark."""
        for index in range(len(self._stack) - 1, -1, -1):
            if self._stack[index] is _MARK:
                group = self._stack[index + 1 :]
                del self._stack[index:]
                return group
        raise ValueError("no mark")

    def _mark(self, argument: Any) -> None:
        self._stack.append(_MARK)

    def _drop(self, argument: Any) -> None:
        self._stack.pop()

    def _drop_group(self, argument: Any) -> None:
        self._pop_group()

    def _again(self, argument: Any) -> None:
        self._stack.append(self._stack[-1])

    def _put(self, argument: Any) -> None:
        self._remember(int(argument))

    def _memoize(self, argument: Any) -> None:
        self._remember(len(self._memo))

    def _remember(self, number: int) -> None:
        if self._stack[-1] is _MARK:
            raise ValueError("a mark")
        if len(self._memo) >= MOST_MEMO:
            raise damaged("it remembers more than any checkpoint")
        self._memo[number] = self._stack[-1]

    def _get(self, argument: Any) -> None:
        self._stack.append(self._memo[int(argument)])

    # Containers.

    def _tuple(self, argument: Any) -> None:
        self._stack.append(tuple(self._pop_group()))

    def _tuple_of(self, count: int) -> None:
        group = [self._pop() for _ in range(count)]
        self._stack.append(tuple(reversed(group)))

    def _list(self, argument: Any) -> None:
        self._stack.append(self._pop_group())

    def _dict(self, argument: Any) -> None:
        self._stack.append(filled({}, self._pop_group()))

    def _frozen_set(self, argument: Any) -> None:
        self._stack.append(frozenset(plain_keys(self._pop_group())))

    def _append(self, argument: Any) -> None:
        self._extend([self._pop()])

    def _appends(self, argument: Any) -> None:
        self._extend(self._pop_group())

    def _extend(self, values: list[Any]) -> None:
        target = self._stack[-1]
        if isinstance(target, list):
            target.extend(values)
        elif not isinstance(target, Opaque):
            raise TypeError("not a list")

    def _set_item(self, argument: Any) -> None:
        value, key = self._pop(), self._pop()
        self._fill_top([key, value])

    def _set_items(self, argument: Any) -> None:
        self._fill_top(self._pop_group())

    def _fill_top(self, pairs: list[Any]) -> None:
        target = self._stack[-1]
        if isinstance(target, dict):
            filled(target, pairs)
        elif not isinstance(target, Opaque):
            raise TypeError("not a dict")

    def _add_items(self, argument: Any) -> None:
        group = self._pop_group()
        target = self._stack[-1]
        if not isinstance(target, set):
            raise TypeError("not a set")
        target.update(plain_keys(group))

    # Names, and what would be called.

    def _global(self, argument: Any) -> None:
        self._name(str(argument).replace(" ", ".", 1))

    def _stack_global(self, argument: Any) -> None:
        name, module = self._pop(), self._pop()
        if not isinstance(name, str) or not isinstance(module, str):
            raise TypeError("no name")
        self._name(f"{module}.{name}")

    def _name(self, name: str) -> None:
        if name not in KNOWN_NAMES:
            raise asks_for(name)
        if name in INERT:
            self._inert.add(name)
        self._stack.append(Global(name))

    def _reduce(self, argument: Any) -> None:
        arguments, callee = self._pop(), self._pop()
        if not isinstance(callee, Global) or not isinstance(arguments, tuple):
            raise asks_for(_described(callee))
        self._stack.append(made(callee.name, arguments))

    def _new_object(self, argument: Any) -> None:
        arguments, callee = self._pop(), self._pop()
        if not isinstance(callee, Global) or not isinstance(arguments, tuple):
            raise asks_for(_described(callee))
        self._stack.append(made(callee.name, arguments))

    def _build(self, argument: Any) -> None:
        """The state of an object. Only inert ones and empty subclasses of dicts and numbers have any."""
        state, target = self._pop(), self._stack[-1]
        if isinstance(target, Opaque | NumpyType):
            return
        if isinstance(target, dict) and isinstance(state, Mapping):     # `_metadata` of a state dict: hooks, no weights
            return
        raise asks_for(f"the state of {_described(target)}")

    def _persistent(self, argument: Any) -> None:
        told = self._pop()
        if self._storage_of is None:
            raise damaged("it points at weights that are not in it")
        storage = self._storage_of(told)
        known = self._storages.setdefault(storage.key, storage)
        if (known.elements, known.dtype) != (storage.elements, storage.dtype):
            raise damaged(f"it tells two sizes for the same weights ('{storage.key[:40]}')")
        self._stack.append(known)


def _described(value: Any) -> str:
    return value.name if isinstance(value, Global | Opaque) else f"something that is no name ({type(value).__name__})"


def _check_depth(value: Any) -> None:
    """No deeper than any checkpoint, and never inside of itself. Without recursion, each object once at each depth."""
    level, depth = [value], 0
    while level:
        if depth > MOST_DEPTH:
            raise damaged("its parts lie inside each other without an end")
        below: dict[int, Any] = {}
        for found in level:
            inner: Any = ()
            if isinstance(found, dict):
                inner = [*found.keys(), *found.values()]
            elif isinstance(found, list | tuple | set | frozenset):
                inner = found
            below.update((id(part), part) for part in inner if isinstance(part, dict | list | tuple | set | frozenset))
        level, depth = list(below.values()), depth + 1


_IGNORED = frozenset({"PROTO", "FRAME"})
_PLAIN = frozenset(
    {
        "INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT", "STRING", "BINSTRING",
        "SHORT_BINSTRING", "UNICODE", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8", "BINBYTES", "SHORT_BINBYTES",
        "BINBYTES8",
    }
)  # fmt: skip
_CONSTANTS: dict[str, Any] = {
    "NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_DICT": dict, "EMPTY_LIST": list, "EMPTY_TUPLE": (),
    "EMPTY_SET": set,
}  # fmt: skip
_ACTS: dict[str, Callable[[_Machine, Any], None]] = {
    "MARK": _Machine._mark, "POP": _Machine._drop, "POP_MARK": _Machine._drop_group, "DUP": _Machine._again,
    "PUT": _Machine._put, "BINPUT": _Machine._put, "LONG_BINPUT": _Machine._put, "MEMOIZE": _Machine._memoize,
    "GET": _Machine._get, "BINGET": _Machine._get, "LONG_BINGET": _Machine._get,
    "TUPLE": _Machine._tuple, "TUPLE1": lambda machine, _: machine._tuple_of(1),
    "TUPLE2": lambda machine, _: machine._tuple_of(2), "TUPLE3": lambda machine, _: machine._tuple_of(3),
    "LIST": _Machine._list, "DICT": _Machine._dict, "FROZENSET": _Machine._frozen_set,
    "APPEND": _Machine._append, "APPENDS": _Machine._appends, "SETITEM": _Machine._set_item,
    "SETITEMS": _Machine._set_items, "ADDITEMS": _Machine._add_items,
    "GLOBAL": _Machine._global, "STACK_GLOBAL": _Machine._stack_global, "REDUCE": _Machine._reduce,
    "NEWOBJ": _Machine._new_object, "BUILD": _Machine._build, "BINPERSID": _Machine._persistent,
}  # fmt: skip
