"""HTML as what a page is about, by trafilatura: the article without navigation, banners and footers.

Needs the extra [web]. A page in which it finds no article (an index, a form) is given whole, by html_text.
"""

from memento.act.tools.html_text import html_text

LEAST = 0.05
"""Of the whole text: an article shorter than that is a fragment of a page that is none."""


def main_text(html: str) -> str:
    """The article in Markdown with its title and links, or all visible text."""
    import trafilatura

    whole = html_text(html)
    found = trafilatura.extract(
        html, output_format="markdown", include_links=True, include_comments=False, favor_recall=True
    )
    if not found or len(found) < LEAST * len(whole):
        return whole
    title = trafilatura.extract_metadata(html).title
    return f"# {title}\n\n{found}" if title and title not in found else found
