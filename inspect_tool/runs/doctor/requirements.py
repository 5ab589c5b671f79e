"""What installed packages ask for and do not get; pip tells only whoever installs."""

from __future__ import annotations

from importlib import metadata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packaging.requirements import Requirement


def unmet(*packages: str) -> Iterator[str]:
    """Yield each requirement of the installed ones among ``packages`` that is not met.

    A requirement reads ``transformers==5.16.1 (axolotl 0.19.0 needs it, 4.57.0 is installed)``.
    """
    for package in packages:
        try:
            needs, version = metadata.requires(package) or [], metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
        for requirement in _applying(needs):
            installed = _installed(requirement)
            if installed is not None and requirement.specifier.contains(
                installed, prereleases=True
            ):
                continue
            there = f"{installed} is installed" if installed else "it is not installed"
            wanted = f"{requirement.name}{requirement.specifier}"
            yield f"{wanted} ({package} {version} needs it, {there})"


def _applying(needs: list[str]) -> Iterator[Requirement]:
    from packaging.requirements import InvalidRequirement, Requirement

    for text in needs:
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            continue
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield requirement


def _installed(requirement: Requirement) -> str | None:
    try:
        return metadata.version(requirement.name)
    except metadata.PackageNotFoundError:
        return None
