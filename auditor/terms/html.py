"""HTML to Markdown: the words, headings and lists of a page, without its menus and scripts. Nothing of it is run.

A page is a stranger's, and no HTML parser is safe from one made to take for ever; so it is converted in a process of its own,
which is ended when the time for the document is over. That process runs this module.
"""

import asyncio
import codecs
import re
import sys

from auditor.errors import AuditorError

DROPPED = (
    *("script", "style", "noscript", "template", "iframe", "object", "embed", "svg", "canvas", "form", "button"),
    *("nav", "header", "footer", "aside", "dialog", "head"),
)
_CHARSET = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?([A-Za-z0-9_.:-]{1,40})""", re.IGNORECASE)


def to_markdown(page: str) -> str:
    """Return the text of an HTML page as Markdown.

    Raises:
        AuditorError: the library for it is not installed, or the page is nested too deep.
    """
    try:
        from bs4 import BeautifulSoup
        from markdownify import MarkdownConverter
    except ImportError as error:
        raise AuditorError(
            "reading web pages needs a library that is not installed; run `pip install 'tos-auditor[terms]'`"
        ) from error
    try:
        soup = BeautifulSoup(page, "html.parser")
        for element in soup.find_all(DROPPED):
            element.decompose()
        mains = soup.find_all("main") or soup.find_all("article")
        whole = len(soup.get_text(strip=True))
        if len(mains) == 1 and 2 * len(mains[0].get_text(strip=True)) > whole:
            return str(MarkdownConverter(heading_style="ATX", bullets="*").convert_soup(mains[0]))
        return str(MarkdownConverter(heading_style="ATX", bullets="*").convert_soup(soup))
    except RecursionError as error:
        raise AuditorError("the page is nested too deep to be read") from error


async def converted(page: str) -> str:
    """Return the text of an HTML page as Markdown, made in a process that ends with the waiting for it.

    Raises:
        AuditorError: the library for it is not installed, or the page cannot be read.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", __name__),  # -P: what lies in the current folder is not imported
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        text, said = await process.communicate(page.encode("utf-8", "replace"))
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        lines = said.decode("utf-8", "replace").strip().splitlines()
        raise AuditorError(lines[-1] if lines else f"the page cannot be read (exit code {process.returncode})")
    return text.decode("utf-8", "replace")


def decode(content: bytes, charset: str | None, *, is_html: bool) -> str:
    """Return the text of a response: by its byte order mark, the charset the server named, the page's own, or UTF-8."""
    if content.startswith(codecs.BOM_UTF8):
        charset = "utf-8-sig"
    elif charset is None and is_html and (named := _CHARSET.search(content[:4096])):
        charset = named.group(1).decode("ascii")
    try:
        return content.decode(charset or "utf-8", "replace")
    except (LookupError, UnicodeError):
        return content.decode("utf-8", "replace")


def main() -> int:
    """Convert the page on standard input; the reason goes to standard error if it cannot be."""
    try:
        text = to_markdown(sys.stdin.buffer.read().decode("utf-8", "replace"))
    except AuditorError as error:
        sys.stderr.write(error.message + "\n")
        return 1
    sys.stdout.buffer.write(text.encode("utf-8", "replace"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
