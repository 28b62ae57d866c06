"""Whether work made with a voice may be sold, as far as the name of its licence tells.

Names are SPDX identifiers and expressions, and the words of Hay Say's catalogues. What is not in the table, and a
licence in a sentence, is "unknown": nobody guesses here, and nothing here is advice.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

Answer = Literal["yes", "no", "unknown"]
ANSWERS: tuple[Answer, ...] = ("yes", "no", "unknown")

# SPDX identifiers, in lower case, whose texts allow commercial use; some ask for credit or for the same licence.
_ALLOW = frozenset(
    name.lower()
    for name in ["0BSD", "AFL-3.0", "AGPL-3.0", "AGPL-3.0-only", "AGPL-3.0-or-later", "Apache-2.0", "Artistic-2.0", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0", "CC-BY-3.0", "CC-BY-4.0", "CC-BY-SA-3.0", "CC-BY-SA-4.0", "CC-BY-ND-3.0", "CC-BY-ND-4.0", "CC0-1.0", "CC-PDDC", "CDLA-Permissive-2.0", "GPL-2.0", "GPL-2.0-only", "GPL-2.0-or-later", "GPL-3.0", "GPL-3.0-only", "GPL-3.0-or-later", "ISC", "LGPL-2.1-only", "LGPL-2.1-or-later", "LGPL-3.0-only", "LGPL-3.0-or-later", "LGPLLR", "MIT", "MIT-0", "MPL-2.0", "ODbL-1.0", "OpenRAIL", "OpenRAIL-M", "CreativeML-OpenRAIL-M", "PDDL-1.0", "Unlicense", "Zlib"]
)

# Creative Commons names its non-commercial licences by two letters; the others are spelt out.
_NON_COMMERCIAL = re.compile(r"cc-by-nc(-[a-z]+)*-\d\.\d(-[a-z]+)?")
_FORBID = frozenset(("polyform-noncommercial-1.0.0", "cc-by-nc", "cc-by-nc-sa", "cc-by-nc-nd"))

# The words of Hay Say's catalogues (`License` of character_models.json).
HAY_SAY: dict[str, Answer] = {
    "UNSPECIFIED": "unknown", "UNKNOWN": "unknown", "CC_UNSPECIFIC": "unknown",
    "OPEN_RAIL_M": "yes", "CREATIVEML_OPEN_RAIL_M": "yes",         # with rules for what it is used for
    "CC_BY_4": "yes", "CC0_1": "yes", "AFL_3": "yes", "LGPL_LR": "yes", "GPL": "yes", "ARTISTIC_2": "yes", "MIT": "yes",
    "CC_BY_NC_ND_2": "no", "CC_BY_NC_ND_3": "no",
}  # fmt: skip


@lru_cache(maxsize=4096)
def commercial_use(licence: str) -> Answer:
    """What the name of a licence says of commercial use; of 'A OR B' the better answer, of 'A AND B' the worse."""
    words = licence.strip()
    if words in HAY_SAY:
        return HAY_SAY[words]
    choices = [_of_all(choice) for choice in re.split(r"\s+OR\s+", words)]
    return "yes" if "yes" in choices else "unknown" if "unknown" in choices else "no"


def _of_all(expression: str) -> Answer:
    answers = [_of_one(name) for name in re.split(r"\s+AND\s+", expression)]
    return "no" if "no" in answers else "unknown" if "unknown" in answers else "yes"


def _of_one(name: str) -> Answer:
    plain = re.sub(r"\s+WITH\s+\S+$", "", name.strip()).lower()
    if plain in _FORBID or _NON_COMMERCIAL.fullmatch(plain):
        return "no"
    return "yes" if plain.removesuffix("+") in _ALLOW else "unknown"
