"""What Windows does not take as a path, by its documented rules."""

import re

LONGEST_PATH = 259
"""Characters, where long paths are not switched on: MAX_PATH less the closing NUL."""
USUAL_FOLDER = "C:\\Users\\" + "n" * 20 + "\\chat-archiver\\"
RESERVED = re.compile(
    r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³])(?:\..*)?", re.IGNORECASE
)
FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f]')


def refusal(path):
    """Return why Windows refuses a relative path with slashes; "" if it takes it."""
    if len(USUAL_FOLDER + path) > LONGEST_PATH:
        return "too long"
    for name in path.split("/"):
        if RESERVED.fullmatch(name):
            return f"{name} is a device"
        if FORBIDDEN.search(name):
            return f"{name} has a reserved character"
        if name.endswith((" ", ".")):
            return f"{name} ends with a dot or blank"
    return ""


def collisions(paths):
    """Return the paths that differ from an earlier one by case only."""
    seen = set()
    return [path for path in paths if path.lower() in seen or seen.add(path.lower())]
