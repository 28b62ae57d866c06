"""A copy of what cannot be made again from anything else: the database and the registry with every version of a dictionary.
Objects and voices are files that never change; whoever wants them too copies the folders of LEFT_OUT."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

from hay_say_lab.domain.canonical import is_sha256
from hay_say_lab.errors import Fix, InvalidRequest, Problem
from hay_say_lab.storage.database import copy_database
from hay_say_lab.storage.home import Home, disk_refused, remove, sync_folder, write_atomically
from hay_say_lab.storage.objects import hash_file

MANIFEST = "backup.json"
FORMAT = 1
DATABASE = "jobs.sqlite3"
DICTIONARIES = "dictionaries"       # below the registry: a file for each version
LEFT_OUT = ("objects", "voices", "environments", "logs", "passport.key")    # in the data home, and in no backup


def back_up(home: Home, name: str) -> Path:
    """Make the folder `backups/NAME`, whole or not at all, while the host runs. Raises StorageFailed, InvalidRequest.

    The database's copy holds every commit up to now, those in its write-ahead log too.
    """
    target = home.root / "backups" / name
    if target.exists():
        problem = Problem("name", f"There is a backup '{name}' already.", Fix("Choose another name."))
        raise InvalidRequest(problem.message, problems=[problem])
    aside = target.with_name(f".{name}.part")
    try:
        remove(aside)
        aside.mkdir(parents=True, mode=0o700)
        head = home.audit_head.read_bytes() if home.audit_head.exists() else None     # older than the copy, never newer
        copy_database(home.database, aside / DATABASE)
        files = [DATABASE]
        if head is not None:
            (aside / home.audit_head.name).write_bytes(head)
            files.append(home.audit_head.name)
        for document in sorted(home.registry.glob("*.json")):
            if not document.name.endswith(".previous.json") and document.name not in files:
                shutil.copyfile(document, aside / document.name)
                files.append(document.name)
        for version in sorted((home.registry / DICTIONARIES).glob("*.json")):
            (aside / DICTIONARIES).mkdir(exist_ok=True, mode=0o700)
            shutil.copyfile(version, aside / DICTIONARIES / version.name)
            files.append(f"{DICTIONARIES}/{version.name}")
        manifest = {"format": FORMAT, "files": {file: hash_file(aside / file) for file in files}}
        write_atomically(aside / MANIFEST, json.dumps(manifest, indent=1).encode())
        for file in files:
            _sync(aside / file)
        os.replace(aside, target)
        sync_folder(target.parent)
    except OSError as error:
        raise disk_refused(error) from error
    finally:
        remove(aside)
    return target


def restore(home: Home, folder: Path) -> list[str]:
    """Put a backup back, file by file, under the host's lock while no host runs. What lay there is kept beside it.

    Returns the names of the files. Raises InvalidRequest where the folder is no whole backup: then nothing is changed.
    """
    files = _checked(folder)
    try:
        for name in ("-wal", "-shm"):       # of the database that goes: they would be taken for the other's
            (home.root / f"{DATABASE}{name}").unlink(missing_ok=True)
        for document in home.registry.glob("*.json"):       # one that was not there then is not there again
            if document.name not in files and not document.name.endswith(".previous.json"):
                os.replace(document, document.with_name(f"{document.name}.before-restore"))
        for name in files:
            place = home.root / name if name == DATABASE else home.registry / name
            place.parent.mkdir(exist_ok=True, mode=0o700)
            if place.exists() and place.parent == (home.root if name == DATABASE else home.registry):
                os.replace(place, place.with_name(f"{place.name}.before-restore"))
            aside = place.with_name(f".{place.name}.part")
            shutil.copyfile(folder / name, aside)
            os.chmod(aside, 0o600)
            _sync(aside)
            os.replace(aside, place)
            sync_folder(place.parent)
    except OSError as error:
        raise disk_refused(error) from error
    return files


def _checked(folder: Path) -> list[str]:
    try:
        manifest = json.loads((folder / MANIFEST).read_bytes())
        listed: dict[str, str] = dict(manifest["files"])
        if manifest["format"] != FORMAT or DATABASE not in listed:
            raise ValueError
    except (OSError, ValueError, KeyError, TypeError):
        raise _no_backup(f"'{folder.name}' is no backup.") from None
    for name, sha256 in listed.items():
        path = folder / name
        if not _is_ours(name) or not path.is_file() or hash_file(path) != sha256:
            raise _no_backup(f"'{name}' in the backup is missing or damaged.")
    return list(listed)


def _is_ours(name: str) -> bool:
    """Whether a backup can hold a file of this name: no path leads out of the data home."""
    folder, _, version = name.rpartition("/")
    return (folder == "" and Path(name).name == name) or (
        folder == DICTIONARIES and version.endswith(".json") and is_sha256(version.removesuffix(".json"))
    )


def _no_backup(message: str) -> InvalidRequest:
    return InvalidRequest(message, problems=[Problem("restore", message, Fix("Name a folder of 'backups'."))])


def _sync(file: Path) -> None:
    with file.open("rb") as opened:
        os.fsync(opened.fileno())
