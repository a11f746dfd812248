"""What of a skill's body is indexed: prose, with headings counting twice and code blocks left out.

Code repeats what any code says; what the skill is about stands around it. Measured on 1,761 real skills,
Hit@1 by words alone, then with vectors:

    the first 4,000 characters as they stand   .552   .562
    the first 8,000                            .549   .577
    and code blocks out                        .562   .580
    and headings once more                     .558   .587

Code in the middle of a line stays: without it .010 and .006 are lost. All prose twice is .013 lower.
"""

from collections.abc import Iterator

MOST_CHARS = 8_000
READ_CHARS = 100_000
FENCES = ("```", "~~~")


def prose(body: str) -> str:
    """The first 8,000 characters outside of code blocks, and all headings."""
    lines = list(_outside_code(body[:READ_CHARS]))
    headings = [line.lstrip("#") for line in lines if line.startswith("#")]
    return " ".join(["\n".join(lines)[:MOST_CHARS], *headings])


def _outside_code(body: str) -> Iterator[str]:
    """Lines; a block that is never closed reaches to the end (CommonMark 4.5)."""
    fence = None
    for line in body.splitlines():
        mark = line.lstrip()[:3]
        if fence is None and mark not in FENCES:
            yield line
        elif fence is None:
            fence = mark
        elif mark == fence:
            fence = None
