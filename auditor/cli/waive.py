"""`auditor waive`: a named person's acceptance of a finding, written to the waivers file."""

import re
from datetime import UTC, date, datetime
from pathlib import Path

import click
from pydantic import ValidationError

from auditor.cli.options import Day, config_option, find_config
from auditor.errors import AuditorError, ExitCode
from auditor.facts.declarations import load_config
from auditor.model.declarations import relative
from auditor.model.finding import Waiver
from auditor.yamlfile import Tree, parse_yaml, read_yaml, write_yaml

FINDING = re.compile(r"f-[0-9a-f]{16}")
WAIVERS = "waivers.yaml"
"""The waivers file beside an auditor.yaml that names none."""
ITEM = re.compile(r"^waivers:[ \t]*\n([ \t]*)- ", re.MULTILINE)
"""The first item of the list, which tells how far the others stand in."""
EMPTY = re.compile(r"^waivers:\s*\[\s*\][ \t]*$", re.MULTILINE)


@click.command()
@click.argument("findings", nargs=-1, required=True, metavar="FINDING…")
@click.option("--reason", required=True, help="Why it is accepted.")
@click.option("--approver", required=True, help="The person who accepts it.")
@click.option("--expires", required=True, type=Day(), help="The last day on which the waiver counts.")
@config_option
def command(findings: tuple[str, ...], *, reason: str, approver: str, expires: date, config: Path | None) -> ExitCode:
    """Accept findings for a time, by name and with a reason.

    FINDING is an id such as f-0123456789abcdef. The waivers are added to the file that auditor.yaml names under `waivers`;
    what stands there is left as it is. A report goes on showing the finding, as waived.
    """
    path = find_config(config)
    if path is None:
        raise AuditorError("there is no auditor.yaml here; name it with --config, or write one with `auditor init`")
    if expires < datetime.now(UTC).date():
        raise AuditorError(f"--expires {expires}: that day is past")
    declared = load_config(path, _read)
    if wrong := [name for name in findings if not FINDING.fullmatch(name)]:
        raise AuditorError(f"{wrong[0]!r} is no finding; reports name them like f-0123456789abcdef")
    known = {waiver.finding for waiver in declared.waivers}
    if twice := [name for name in findings if name in known]:
        raise AuditorError(f"a waiver for {twice[0]} stands in the waivers file already; change that one")
    try:
        added = [
            Waiver(finding=name, reason=reason, approver=approver, expires=expires) for name in dict.fromkeys(findings)
        ]
    except ValidationError as error:
        faults = (f"--{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
        raise AuditorError("; ".join(faults)) from error
    file = Path(relative(declared.declarations.waivers or WAIVERS, path))
    if declared.declarations.waivers is None:
        _name_file(path)
    _append(file, added)
    click.echo(f"{len(added)} added to {file}, until {expires}")
    return ExitCode.OK


def _read(file: Path) -> Tree:
    """A file as it is; the waivers file may still have to be made."""
    return read_yaml(file) if file.exists() else Tree(str(file), {}, {})


def _name_file(config: Path) -> None:
    """Name the waivers file at the end of auditor.yaml; what stands there is left as it is."""
    whole = f"{config.read_text('utf-8').rstrip()}\nwaivers: {WAIVERS}\n"
    try:
        load_config(config, lambda file: parse_yaml(whole, str(file)) if file == config else _read(file))
        config.write_text(whole, "utf-8")
    except (AuditorError, OSError) as error:
        raise AuditorError(f"{config} names no file for waivers; add the line `waivers: {WAIVERS}` to it") from error
    click.echo(f"`waivers: {WAIVERS}` added to {config}")


def _append(file: Path, added: list[Waiver]) -> None:
    """Add to the list at the end of the file, or begin it; the file is checked before it is replaced."""
    raw = file.read_bytes().decode() if file.exists() else ""
    text = raw.replace("\r\n", "\n")
    entries = write_yaml([waiver.model_dump(mode="json", exclude_none=True) for waiver in added])
    first = ITEM.search(text)
    lines = "".join(f"{first.group(1) if first else '  '}{line}\n" for line in entries.splitlines())
    text = EMPTY.sub("waivers:", text)
    started = any(line.startswith("waivers:") for line in text.splitlines())
    whole = f"{text.rstrip()}\n{lines}" if started and text.strip() else f"{text}waivers:\n{lines}"
    tree = parse_yaml(whole, str(file))
    listed = tree.value.get("waivers") if isinstance(tree.value, dict) else None
    there = {item.get("finding") for item in listed if isinstance(item, dict)} if isinstance(listed, list) else set()
    if not there >= {waiver.finding for waiver in added}:
        raise AuditorError(f"{file}: add the waiver by hand; the list `waivers:` is not the last thing in the file")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(whole, "utf-8", newline="\r\n" if "\r\n" in raw else "\n")
    except OSError as error:
        raise AuditorError(f"cannot write {file}: {error.strerror}") from error
