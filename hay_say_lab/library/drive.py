"""Public files of Google Drive: large ones come behind a page with a form, which is filled in as a browser would."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from urllib.parse import parse_qs, quote, urlencode, urljoin, urlsplit

HOSTS = ("drive.google.com", "docs.google.com", "drive.usercontent.google.com")
LARGEST_PAGE_BYTES = 1 << 20

_ID = re.compile(r"[\w-]{10,120}")


def read_file_id(url: str) -> str | None:
    """The id of the file that an address of Drive shows or downloads; None for other addresses."""
    parts = urlsplit(url)
    if parts.hostname not in HOSTS:
        return None
    found = re.fullmatch(r"/file/(?:u/\d+/)?d/([^/]+)(?:/.*)?", parts.path)
    name = found[1] if found else (parse_qs(parts.query).get("id") or [""])[0]
    return name if _ID.fullmatch(name) else None


def address_of(file_id: str) -> str:
    return f"https://drive.google.com/uc?export=download&id={quote(file_id)}"


def confirmed(page_url: str, page: str) -> str | None:
    """The address behind a page's download form; None where it has none (a quota was passed, a login is asked for)."""
    form = _Form()
    form.feed(page)
    if form.action is None:
        return None
    query = urlencode(form.fields)
    action = urljoin(page_url, form.action)
    return f"{action}{'&' if '?' in action else '?'}{query}" if query else action


class _Form(HTMLParser):
    """The form with the id 'download-form' and its hidden fields."""

    def __init__(self) -> None:
        super().__init__()
        self.action: str | None = None
        self.fields: list[tuple[str, str]] = []
        self._inside = False

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        if tag == "form" and given.get("id") == "download-form":
            self._inside, self.action = True, given.get("action")
        elif tag == "input" and self._inside and given.get("name"):
            self.fields.append((str(given["name"]), given.get("value") or ""))

    def handle_endtag(self, tag: str) -> None:
        self._inside = self._inside and tag != "form"
