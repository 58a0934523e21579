"""An Azure CLI that answers as the real one does, for the real azure-identity."""

import os
import sys
from pathlib import Path

NOT_LOGGED_IN = "ERROR: Please run 'az login' to setup account."
EXPIRED = (
    "ERROR: AADSTS70043: The refresh token has expired or is invalid due to sign-in "
    "frequency checks by conditional access. Trace ID: 0 Timestamp: 2026-11-27 09:00:00Z\n"
    "Interactive authentication is needed. Please run:\n"
    "az login --scope https://storage.azure.com/.default"
)
TOKEN = (
    '{"accessToken": "a-token", "expires_on": 4102444800, '
    '"subscription": "s", "tenant": "t", "tokenType": "Bearer"}'
)
NEVER = "never"
"""It starts, and says nothing for a minute."""


def fake_az(folder: Path, *, error: str = "", output: str = TOKEN) -> Path:
    """Put an `az` into a folder for the PATH; return the file that notes its calls."""
    folder.mkdir(exist_ok=True)
    calls = folder / "calls.txt"
    calls.touch()
    script = folder / "az.py"
    script.write_text(
        "import sys, time, pathlib\n"
        f"with pathlib.Path({str(calls)!r}).open('a') as calls:\n"
        "    calls.write(' '.join(sys.argv[1:]) + '\\n')\n"
        f"time.sleep(60 if {error!r} == {NEVER!r} else 0)\n"
        f"print({error!r}, file=sys.stderr)\n"
        f"print({output!r} if not {error!r} else '')\n"
        f"sys.exit(1 if {error!r} else 0)\n"
    )
    if os.name == "nt":
        (folder / "az.cmd").write_text(f'@"{sys.executable}" "{script}" %*\n')
    else:
        az = folder / "az"
        az.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{script}" "$@"\n')
        az.chmod(0o755)
    return calls


def only_az(monkeypatch, folder: Path) -> None:
    """Let azure-identity find nothing but that `az`: no other tool, no instance."""
    for name in list(os.environ):
        if name.startswith(("AZURE_", "IDENTITY_", "IMDS_", "MSI_")):
            monkeypatch.delenv(name)
    monkeypatch.setattr("azure.identity._credentials.imds.IMDS_AUTHORITY", NOWHERE)
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("HOME", str(folder))


NOWHERE = "http://127.0.0.1:1"
"""Nobody listens there."""
