"""Check what the documents claim: links lead somewhere, and every command they tell the reader to type exists.

Looks at every tracked Markdown file: relative links (and their headings), ``make`` targets, and ``baton`` commands with
the options given to them.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

ROOT = Path(__file__).resolve().parent.parent
LINK = re.compile(r"\]\(([^)\s]+)\)")
SHELL = re.compile(r"^```(?:sh|bash|console|shell)?\n(.*?)^```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`((?:make|baton) [^`\n]+)`")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def main() -> int:
    """Print every fault with its file; 1 when there is one."""
    faults = [
        f"{file.relative_to(ROOT)}: {fault}" for file in _documents() for fault in (*_links(file), *_commands(file))
    ]
    print("\n".join(faults) if faults else "documents: links and commands hold")
    return 1 if faults else 0


def _documents() -> list[Path]:
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listed.split("\n") if name and (ROOT / name).is_file()]


def _links(file: Path) -> Iterator[str]:
    for link in LINK.findall(FENCE.sub("", file.read_text("utf-8"))):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, heading = unquote(link).partition("#")
        target = (file.parent / path).resolve() if path else file
        if not target.exists():
            yield f"the link {link} leads nowhere"
        elif heading and target.suffix == ".md" and heading not in _anchors(target):
            yield f"the link {link} names a heading that is not there"


def _anchors(file: Path) -> set[str]:
    headings = HEADING.findall(FENCE.sub("", file.read_text("utf-8")))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def _commands(file: Path) -> Iterator[str]:
    text = file.read_text("utf-8")
    lines = [line.strip().removeprefix("$ ") for block in SHELL.findall(text) for line in block.splitlines()]
    targets = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    for line in (*lines, *INLINE.findall(text)):
        words = line.split("#")[0].replace("|", " | ").split()
        if words[:1] == ["make"]:
            for word in words[1:]:
                if re.fullmatch(r"[a-z][a-z-]*", word) and word not in targets:
                    yield f"`{line}`: the Makefile has no target {word}"
        elif words[:1] == ["baton"]:
            yield from (f"`{line}`: {fault}" for fault in _unknown(words[1:]))


def _unknown(words: list[str]) -> Iterator[str]:
    """What that command line says that the command line does not know."""
    import click

    from baton.cli.main import cli

    command: click.Command = cli
    context = click.Context(cli)
    options = {name for parameter in cli.params for name in (*parameter.opts, *parameter.secondary_opts)}
    for word in words:
        if word in {"|", "&&", ";", ">", "..."}:
            return
        if word.startswith("--") and word != "--help":
            if word.split("=")[0].rstrip("],.") not in options:
                yield f"{command.name} has no option {word}"
        elif isinstance(command, click.Group) and re.fullmatch(r"[a-z][a-z-]*", word):
            found = command.get_command(context, word)
            if found is None:
                yield f"there is no command {word}"
                return
            command = found
            options |= {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}


if __name__ == "__main__":
    sys.exit(main())
