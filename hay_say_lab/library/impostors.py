"""What comes in place of a file: a page for people, a pointer of Git LFS, a message of the server."""

from __future__ import annotations

import re

from hay_say_lab.errors import WrongContent

HEAD_BYTES = 1024               # of a file that show what it is

_PAGE = re.compile(rb"\s*(?:<!--.{0,400}?-->\s*)?(?:<!doctype\s+html|<html|<head|<body|<\?xml[^>]{0,200}>\s*<(?:!doctype\s+html|html|error))",
                   re.IGNORECASE | re.DOTALL)  # fmt: skip
_POINTER = re.compile(rb"version https?://(?:git-lfs|hawser)\.github\.com/spec/")
_PAGES_ENDINGS = (".html", ".htm", ".xml", ".svg")


def check_head(head: bytes, name: str, content_type: str) -> None:
    """`head`: the first bytes of what came for the file `name`. Raises WrongContent where it is no such file."""
    if _POINTER.match(head):
        raise WrongContent(
            f"'{name}' is a Git LFS pointer: three lines that stand for the file, not the file.",
            field="source",
            fix="Give the address that downloads the file ('resolve' instead of 'raw'), or run 'git lfs pull' first.",
        )
    page = content_type.partition(";")[0].strip().lower() in ("text/html", "application/xhtml+xml")
    if not name.lower().endswith(_PAGES_ENDINGS) and (page or _PAGE.match(head.removeprefix(b"\xef\xbb\xbf"))):
        raise WrongContent(
            f"A web page came instead of '{name}'.",
            field="source",
            fix="Open the address in a browser: it may ask for a login or a confirmation. Then give the file's own address.",
        )
