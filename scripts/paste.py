"""Paste each command of README, CONTRIBUTING and the pages as it stands, in a fresh clone.

    python scripts/paste.py [--list] [PYTHON]

The clone lies in a folder with spaces and letters beyond ASCII. A page's commands are pasted one
after another into one shell, in which the environment of the installation page is active. What is
not run stands in `SKIPPED`, with the reason; what fails is shown, and the exit code is then 1.
"""

import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
FIRST = ("docs/install.md", "README.md", "CONTRIBUTING.md", "docs/neural-network.md")
COMMAND = re.compile(
    r"(?:[A-Z_]+=\S+ )*"
    r"(?:make|python3?|pip|mpiexec|backprop|jupyter|git|source|pre-commit|\.venv/\S+|\.ci/\S+)"
    r"(?: .+)?"
)
SKIPPED = {
    r".*\bpytest\b.*|make (test|coverage|test-lowest|test-backends)": "a job of its own in CI",
    r"\.ci/run": "it is all of CI",
    r"make (bench|kill-test|prove-gradcheck|test-foreign|fuzz|mutants|train-deep)( .*)?"
    r"|.*benchmarks\.ratios": "takes many minutes",
    r"make (test-dpnp|.*-cuda)|.*cuda.*": "needs a GPU, or 3 GB",
    r"make (docs|lint|wheel)": "a job of its own in CI",
    r"make (format|pictures)": "changes files",
    r".*--dataset mnist\b.*": "downloads",
    r"jupyter .*": "opens a browser",
}
PICTURES = """
from PIL import Image
from backprop import load_mnist_sample
digits = (load_mnist_sample(normalize=False)[1][0][:2].reshape(2, 28, 28)).astype("uint8")
for name, digit in zip(("photo.png", "scan.jpg"), digits):
    Image.fromarray(digit).resize((200, 200)).save(name)
"""


def commands(page: Path) -> list[str]:
    """Return the commands of a page: the lines of its indented blocks that begin as one."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    lines = [line.strip() for line in re.findall(r"^    \S.*$", text, re.M)]
    found = [re.split(r"\s{2,}#", line)[0].strip() for line in lines]
    return [line for line in found if COMMAND.fullmatch(line)]


def why_not(command: str) -> str | None:
    """Return why a command is not pasted here; None if it is."""
    return next((why for what, why in SKIPPED.items() if re.fullmatch(what, command)), None)


def pages() -> list[Path]:
    """Return the pages, those first that make what others use."""
    every = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").glob("*.md"))
    return [ROOT / name for name in (*FIRST, *(name for name in every if name not in FIRST))]


def paste(lines: list[str], clone: Path, python: str) -> int:
    """Paste lines into one shell; it ends at the first that fails."""
    script = "set -e; unset PYTHONPATH; [ ! -e .venv ] || source .venv/bin/activate"
    for line in lines:
        script += f"\nprintf '$ %s\\n' {shlex.quote(line)}\n{line}"
    shell = ["bash", "-c", script.replace("python3 -m venv", f"{python} -m venv")]
    return subprocess.run(shell, cwd=clone, check=False, stdin=subprocess.DEVNULL).returncode


def main(python: str) -> int:
    """Paste all, and return the exit code."""
    failed = []
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder) / "Ünï cödé 日本" / "my backprop"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        for page in pages():
            lines = [line for line in commands(page) if why_not(line) is None]
            name = page.relative_to(ROOT).as_posix()
            print(f"== {name}: {len(lines)} commands", flush=True)
            if name == "docs/command-line.md":
                lines = ["pip install --quiet pillow", f"python -c {shlex.quote(PICTURES)}", *lines]
            if lines and paste(lines, clone, python):
                failed.append(name)
        changed = subprocess.run(
            ["git", "status", "--porcelain"], cwd=clone, check=True, capture_output=True, text=True
        ).stdout
    print(f"failed: {', '.join(failed) or 'none'}")
    return 1 if failed or re.search(r"^ M", changed, re.M) else 0


if __name__ == "__main__":
    if sys.argv[1:] == ["--list"]:
        for page in pages():
            for line in commands(page):
                print(f"{page.name:20} {line:75} {why_not(line) or ''}".rstrip())
        sys.exit(0)
    sys.exit(main((sys.argv[1:] or ["python3"])[0]))
