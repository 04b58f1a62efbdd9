"""Whether the files and folders that the settings name are there and can be read, by what reads them at work."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from baton.banking.catalogue import load_profile, load_profiles
from baton.contracts import Finding
from baton.errors import ConfigurationError, Fault, FeedRefusedError
from baton.hub.payment.second_sources import read_leavers
from baton.jobs.offboarding.policy import load_policies
from baton.jobs.payment import recall_request, recovery_letters
from baton.jobs.payment.calendar import load_calendar
from baton.jobs.payment.policy import load_payment_policy
from baton.jobs.payment.settlement.pack import load_pack
from baton.settings import HubSettings
from baton.strict_yaml import did_you_mean, require_file, require_folder

_MISSING: Final = ("no_such_file", "no_such_folder")
_BLANK: Final = re.compile(r"\{[^{}]*\}")
_MOST_TOLD: Final = 5
"""Names of what stands beside a file that is not there."""


def examine_files(settings: HubSettings) -> Iterator[Finding]:
    """A finding for each setting that names a file or a folder, and one for each fault in it. Opens no hub."""
    payments = settings.payments
    files: Mapping[str, tuple[Path | None, Callable[[Path], object]]] = {
        "offboarding.policies": (settings.offboarding.policies, load_policies),
        "payments.policy": (payments.policy, load_payment_policy),
        "payments.calendar": (payments.calendar, load_calendar),
        "payments.settlement": (payments.settlement, load_pack),
        "payments.exit_list": (payments.exit_list, _list_of_leavers),
        "payments.profiles": (payments.profiles, _profiles),
        "payments.inbox": (payments.inbox, require_folder),
        "payments.letters": (payments.letters, _letters),
        # The months' files come one by one, and the name leaves a blank for them: their folder does not.
        "payments.attendance": (payments.attendance and payments.attendance.parent, require_folder),
    }
    for setting, (path, look) in files.items():
        if path is not None:
            yield from _looked(setting, path, look)
    if payments.attendance is not None:
        yield from _name_of_attendance(payments.attendance)
    for name, bank in payments.banks.items():
        yield from _profile_of(name, bank.profile, payments.profiles)


def _name_of_attendance(path: Path) -> Iterator[Finding]:
    """What stands in braces and is no month: no file is ever called that, and at work it would be awaited for good."""
    for blank in _BLANK.findall(path.name):
        if blank != "{period}":
            told = f"{path}: nothing fills {blank}; the month is {{period}}"
            yield Finding("payments.attendance", False, told, "correct it there (payments.attendance names it)")


def _looked(setting: str, path: Path, look: Callable[[Path], object]) -> Iterator[Finding]:
    try:
        look(path)
    except ConfigurationError as error:
        yield from _faulty(setting, path, error.faults)
    except FeedRefusedError as error:
        told = [str(fault) for fault in error.faults] or [each.message for each in error.breaches]
        yield from (Finding(setting, False, f"{path}: {each}", "have it made again at its source") for each in told)
    else:
        yield Finding(setting, True, str(path))


def _faulty(setting: str, path: Path, faults: Iterable[Fault]) -> Iterator[Finding]:
    for fault in faults:
        if fault.rule in _MISSING:
            missing = Fault(fault.place, fault.rule, f"{fault.message}{_beside(path)}")
            yield Finding(setting, False, str(missing), f"put it there, or correct {setting} in systems.yaml")
        else:
            yield Finding(setting, False, str(fault), f"correct it there ({setting} names it)")


def _beside(path: Path) -> str:
    """What there is instead."""
    try:
        names = sorted(each.name for each in path.parent.iterdir() if each != path)
    except FileNotFoundError:
        return f", nor a folder {path.parent}"
    except OSError:
        return ""
    alike = [name for name in names if Path(name).suffix == path.suffix]
    known = ", ".join(alike[:_MOST_TOLD]) + (" …" if len(alike) > _MOST_TOLD else "")
    return did_you_mean(path.name, names) or (f"; beside it: {known}" if alike else "")


def _list_of_leavers(file: Path) -> None:
    """At work one that is not there is awaited, and holds the run: here it is said before there is one."""
    require_file(file)
    read_leavers(file)


def _profiles(folder: Path) -> None:
    require_folder(folder)
    load_profiles(folder)


def _letters(folder: Path) -> None:
    """Every sort of letter that is written from templates there."""
    require_folder(folder)
    faults: list[Fault] = []
    for kind, blanks in (
        (recovery_letters.KIND, recovery_letters.BLANKS),
        (recall_request.KIND, recall_request.BLANKS),
    ):
        try:
            recovery_letters.templates(folder, kind, blanks)
        except ConfigurationError as error:
            faults += error.faults
    if faults:
        raise ConfigurationError(faults)


def _profile_of(bank: str, profile: str, folder: Path | None) -> Iterator[Finding]:
    setting = f"payments.banks.{bank}.profile"
    try:
        load_profile(profile, folder)
    except ConfigurationError as error:
        if any(fault.rule == "unreadable_file" for fault in error.faults):
            return  # told with its folder, as is what is wrong in one that is there
        told = {file.stem for file in folder.glob("*.yaml")} if folder is not None else set()
        if profile not in told:
            remedy = "name one of those, or put one of that name into the folder of payments.profiles"
            yield from (Finding(setting, False, str(fault), remedy) for fault in error.faults)
    else:
        yield Finding(setting, True, profile)
