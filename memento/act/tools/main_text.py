"""HTML as what a page is about, by trafilatura: the article without navigation, banners and footers.

    python -m memento.act.tools.main_text [plain] <page.html      the text, on standard output

A page in which it finds no article (an index, a form) is given whole, as it is without the extra [web] and
with `plain`. It parses what strangers wrote, some of it in C: page_text.py runs it in the sandbox.
"""

import sys

from memento.act.tools.html_text import html_text

LEAST = 0.05
"""Of the whole text: an article shorter than that is a fragment of a page that is none."""


def main_text(html: str) -> str:
    """The article in Markdown with its title and links, or all visible text."""
    whole = html_text(html)
    try:
        import trafilatura
    except ImportError:  # not installed, or not for the Python of this sandbox
        return whole
    found = trafilatura.extract(
        html, output_format="markdown", include_links=True, include_comments=False, favor_recall=True
    )
    if not found or len(found) < LEAST * len(whole):
        return whole
    title = trafilatura.extract_metadata(html).title
    return f"# {title}\n\n{found}" if title and title not in found else found


if __name__ == "__main__":
    read = html_text if sys.argv[1:] == ["plain"] else main_text
    text = read(sys.stdin.buffer.read().decode("utf-8", "replace"))
    sys.stdout.buffer.write(text.encode("utf-8", "replace"))
