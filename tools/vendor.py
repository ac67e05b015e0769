# SPDX-FileCopyrightText: 2025 Cong Le
# SPDX-License-Identifier: MIT
"""Fetches what the site serves but others wrote, as docs/assets/vendor/vendor.yml lists it.

python tools/vendor.py           fetch every listed file from npm and write its checksum
python tools/vendor.py --check   compare the files that are here with their checksums; no network
"""

from __future__ import annotations

import argparse
import hashlib
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

ROOT = Path(__file__).resolve().parent.parent
MANIFEST = "docs/assets/vendor/vendor.yml"
HEADER = """\
# What the site serves but others wrote. After a change here, run `python tools/vendor.py`: it
# fetches the files from npm and fills in their checksums. Each package brings its licence.
"""


class VendorError(Exception):
    """Something that stops the work, said in one line."""


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class File(_Model):
    """A file: its path in the package, its path in the repository, its SHA-256 in hexadecimal.

    ``cut`` is a regular expression of what is taken out of a text. ``made_by`` names the command
    that makes a file from the package; then there is no ``from``, and only the checksum is kept.
    """

    source: str = Field(alias="from", default="")
    to: str
    cut: str = ""
    made_by: str = ""
    sha256: str = ""


class Package(_Model):
    """A package on npm, one version of it, its licence by SPDX identifier and the files we keep."""

    name: str
    package: str
    version: str = Field(pattern=r"^\d+\.\d+\.\d+[\w.+-]*$")
    licence: str
    files: list[File]


def read_manifest(root: Path = ROOT) -> list[Package]:
    """Read and validate the manifest.

    Raises:
        VendorError: It is missing, or an entry is wrong.
    """
    try:
        entries = yaml.safe_load((root / MANIFEST).read_text(encoding="utf-8"))
        packages = [Package.model_validate(entry) for entry in entries or []]
    except OSError as error:
        raise VendorError(f"{MANIFEST}: {error.strerror}.") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise VendorError(f"{MANIFEST}: {place}: {first['msg']}.") from None
    except (yaml.YAMLError, TypeError) as error:
        raise VendorError(f"{MANIFEST}: {' '.join(str(error).split())}") from None
    for file in (file for package in packages for file in package.files):
        if not (root / file.to).resolve().is_relative_to(root.resolve()):
            raise VendorError(f"{MANIFEST}: {file.to} lies outside the repository.")
    return packages


def faults(packages: list[Package], root: Path = ROOT) -> list[str]:
    """Return a line for each listed file that is missing or not what its checksum says."""
    lines = []
    for file in (file for package in packages for file in package.files):
        path = root / file.to
        if not path.is_file():
            lines.append(f"{file.to} is missing. Run `python tools/vendor.py`.")
        elif checksum(path.read_bytes()) != file.sha256:
            lines.append(f"{file.to} is not what {MANIFEST} says. Run `python tools/vendor.py`.")
    return lines


def checksum(content: bytes) -> str:
    """Return the SHA-256 of ``content`` in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def fetch(package: Package) -> dict[str, bytes]:
    """Return the listed files of a package, by their path in it.

    Raises:
        VendorError: npm is not there or fails, or the package lacks a file.
    """
    wanted = f"{package.package}@{package.version}"
    with tempfile.TemporaryDirectory() as folder:
        command = ["npm", "pack", wanted, "--silent", "--ignore-scripts"]
        try:
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        except FileNotFoundError:
            raise VendorError("npm was not found. Install Node.js, which brings it.") from None
        archives = list(Path(folder).glob("*.tgz"))
        if done.returncode or len(archives) != 1:
            why = " ".join((done.stderr or done.stdout).split())[:200] or "no answer"
            raise VendorError(f"npm could not fetch {wanted}: {why}.")
        with tarfile.open(archives[0]) as archive:
            # npm puts all of a package below one folder, which need not be called "package".
            members = {m.name.partition("/")[2]: m for m in archive if m.isfile()}
            contents = {}
            for file in package.files:
                if file.made_by:
                    continue
                member = members.get(file.source)
                stream = archive.extractfile(member) if member else None
                if stream is None:
                    raise VendorError(f"{MANIFEST}: {wanted} has no file {file.source}.")
                content = stream.read()
                if file.cut:
                    content = re.sub(file.cut, "", content.decode("utf-8")).encode("utf-8")
                contents[file.source] = content
            return contents


def update(packages: list[Package], root: Path = ROOT) -> None:
    """Fetch all packages, then write their files and the manifest with new checksums."""
    fetched = [(package, fetch(package)) for package in packages]  # all or nothing
    for package, contents in fetched:
        for file in package.files:
            path = root / file.to
            content = path.read_bytes() if file.made_by else contents[file.source]
            changed = not path.is_file() or path.read_bytes() != content
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            file.sha256 = checksum(content)
            if changed:
                print(f"{package.name} {package.version}: wrote {file.to}")
    entries = [package.model_dump(by_alias=True, exclude_defaults=True) for package in packages]
    text = HEADER + yaml.safe_dump(entries, sort_keys=False, allow_unicode=True, width=100)
    (root / MANIFEST).write_text(text, encoding="utf-8")


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns its exit status."""
    parser = argparse.ArgumentParser(description="Fetch or verify the files that others wrote.")
    parser.add_argument("--check", action="store_true", help="only verify checksums, offline")
    check = parser.parse_args(arguments).check
    try:
        packages = read_manifest()
        if not check:
            update(packages)
        lines = faults(packages)
    except VendorError as error:
        lines = [str(error)]
    for line in lines:
        print(line, file=sys.stderr)
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
