# SPDX-License-Identifier: Apache-2.0
"""The house rules. Each rule takes a Tree and yields (path, line, what is wrong).

tests/tools/test_tidy.py shows for each that it can fail.
"""

import hashlib
import os
import re
import subprocess

# -- arrows: tools -> api -> {commands, projections} -> eventstore -> core

MAY_INCLUDE = {
    "core": {"core"},
    "eventstore": {"core", "eventstore"},
    "commands": {"core", "eventstore", "commands"},
    "projections": {"core", "eventstore", "projections"},
    "api": {"core", "eventstore", "commands", "projections", "api"},
    "tools": {"core", "eventstore", "commands", "projections", "api", "tools"},
    "tests": {"core", "eventstore", "commands", "projections", "api", "tools", "tests"},
}

# -- doors: each library is included by one module, whose name the key begins with

DOORS = {
    "lmdb.h": "eventstore/lmdb_env",
    "sodium": "eventstore/sodium",
    "nng/": "eventstore/bus",
    "liboath/": "eventstore/totp",
    "msgpack": "core/wire",
    "jansson": "core/json",
    "libpq": "projections/pg",
    "curl/": "commands/gateway/http_client",
    "microhttpd": "api/server",
    "cmocka": "tests/support/cmocka",
}
# A bench measures the bare library beside ours, a test may damage what ours has written.
MAY_BYPASS_DOORS = ("tools/bench/", "tests/")

BANNED = {
    "strcpy": "snprintf or memcpy", "strcat": "snprintf", "sprintf": "snprintf",
    "vsprintf": "vsnprintf", "gets": "fgets", "strtok": "strchr", "atoi": "strtoll",
    "atol": "strtoll", "atof": "checked integers", "time": "clock_gettime at the edge",
    "gmtime": "core/time", "localtime": "core/time", "ctime": "core/time", "asctime": "core/time",
    "alloca": "an arena", "tmpnam": "mkstemp", "mktemp": "mkdtemp",
    "sleep": "wait on a condition", "usleep": "wait on a condition",
}
# Tests and benches run other people's tools and want numbers that repeat; the platform does not.
BANNED_IN_PROGRAM = {
    "system": "posix_spawn", "popen": "posix_spawn", "rand": "cf_random", "srand": "cf_random",
    "random": "cf_random", "srandom": "cf_random", "drand48": "cf_random",
}
NOT_THE_PROGRAM = ("tools/bench/", "tests/")

# Headers that reach outside; the pure folders do without.
PURE_FOLDERS = ("core/", "commands/decide/")
IMPURE_HEADERS = ("time.h", "unistd.h", "fcntl.h", "pthread.h", "sys/", "signal.h", "netdb.h",
                  "arpa/", "poll.h", "dirent.h", "spawn.h")
# scope.h closes descriptors for those who have any.
IMPURE_ALLOWED = {"core/base/scope.h"}

# Where money passes. Measuring and showing a rate may use fractions; these files do only that.
MONEY_FOLDERS = ("core/", "eventstore/", "commands/", "projections/", "api/")
FLOAT_ALLOWED = set()

MARKS = re.compile(r"\b(TODO|FIXME|HACK)\b|\bXXX:|not implemented|\bfor now\b|\bplaceholder|\bstub",
                   re.IGNORECASE)
MACHINE_PATH = re.compile(r"(?<![\w.*])/(work|home/\w+|Users/\w+)/")

SIZE_C, SIZE_H, SIZE_FUNCTION = 400, 150, 70
README_LINES = 60
ROOMS = ("core", "eventstore", "commands", "projections", "api", "tools", "tests")


def lines_of(text):
    return enumerate(text.split("\n"), start=1)


def code_of(text):
    """The text with comments and the insides of strings blanked out; lines stay where they are."""
    def blank(match):
        found = match.group(0)
        if found.startswith(("\"", "'")):
            return found[0] + " " * (len(found) - 2) + found[-1]
        return re.sub(r"[^\n]", " ", found)
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', blank, text,
                  flags=re.DOTALL)


def includes_of(text):
    for number, line in lines_of(text):
        match = re.match(r'\s*#\s*include\s*(["<])([^">]+)[">]', line)
        if match:
            yield number, match.group(1) == '"', match.group(2)


def arrows(tree):
    for path, text in tree.sources(*MAY_INCLUDE):
        room = path.split("/")[0]
        for number, quoted, name in includes_of(text):
            target = name.split("/")[0]
            if quoted and target not in MAY_INCLUDE:
                yield path, number, f'"{name}" does not begin with a room of the house'
            elif quoted and target not in MAY_INCLUDE[room]:
                yield path, number, f"{room} must not include {target}: the arrow runs the other way"


def doors(tree):
    for path, text in tree.sources():
        for number, quoted, name in includes_of(text):
            for header, door in DOORS.items():
                if quoted or not name.startswith(header) or path.startswith(door):
                    continue
                if header != "cmocka" and path.startswith(MAY_BYPASS_DOORS):
                    continue
                yield path, number, f"<{name}> is the business of {door} alone"


def banned(tree):
    call = re.compile(r"(?<![\w.>])(\w+)\s*\(")
    for path, text in tree.sources():
        names = dict(BANNED)
        if not path.startswith(NOT_THE_PROGRAM):
            names.update(BANNED_IN_PROGRAM)
        for number, line in lines_of(code_of(text)):
            for match in call.finditer(line):
                if match.group(1) in names:
                    yield path, number, f"{match.group(1)} is banned: use {names[match.group(1)]}"


def purity(tree):
    for path, text in tree.sources(*PURE_FOLDERS):
        for number, _, name in includes_of(text):
            if name.startswith(IMPURE_HEADERS) and path not in IMPURE_ALLOWED:
                yield path, number, f"<{name}> reaches outside, and this folder is pure"


def no_floats(tree):
    for path, text in tree.sources(*MONEY_FOLDERS):
        for number, line in lines_of(code_of(text)):
            if re.search(r"\b(float|double|strtod|strtof|json_real\w*)\b", line) \
                    and path not in FLOAT_ALLOWED:
                yield path, number, "no floating point where money passes"


def unbuilt(tree):
    included = {name for _, text in tree.sources() for _, _, name in includes_of(text)}
    for _, text in tree.sources():
        included |= set(re.findall(r'#\s*define\s+\w+_FILE\s+"([^"]+)"', text))
    # Lists may be read by the build instead of by the compiler, and a list may include its parts.
    build = "".join(text for path, text in tree.files.items() if "cmake" in path.lower())
    for path, text in sorted(tree.files.items()):
        if path.endswith(".def"):
            included |= {name for _, _, name in includes_of(text)}
    for path in sorted(tree.files):
        if path.endswith(".c") and path not in tree.compiled:
            yield path, 1, "no target builds this file"
        if path.endswith(".h") and path not in included:
            yield path, 1, "nobody includes this file"
        if path.endswith(".def") and path not in included and not listed_by_a_list(tree, path) \
                and os.path.basename(path) not in build:
            yield path, 1, "nobody includes this list"


def listed_by_a_list(tree, path):
    """core/event/<name>.def belongs to the row `CF_…(…, name…)` of another list."""
    name = re.escape(os.path.basename(path)[:-len(".def")])
    row = re.compile(rf"^CF_[A-Z_]+\((?:\s*\d+\s*,)?\s*{name}\b", re.MULTILINE)
    return any(other != path and other.endswith(".def") and row.search(text)
               for other, text in tree.files.items())


def unfinished(tree):
    for path, text in sorted(tree.files.items()):
        if path.startswith("tools/tidy/") or path == "tests/tools/test_tidy.py":
            continue
        for number, line in lines_of(text):
            match = MARKS.search(line)
            if match and not is_page_attribute(path, match.group(0)):
                yield path, number, f'"{match.group(0)}" marks unfinished work'


def is_page_attribute(path, word):
    """An input's placeholder is a word of HTML and CSS."""
    return path.startswith("api/web/") and word.lower() == "placeholder"


def machine_paths(tree):
    for path, text in sorted(tree.files.items()):
        if path.startswith("tools/tidy/") or path == "tests/tools/test_tidy.py":
            continue
        for number, line in lines_of(text):
            if MACHINE_PATH.search(line):
                yield path, number, "a path of somebody's machine"


def licence(tree):
    for path, text in tree.sources():
        if not text.startswith("/* SPDX-License-Identifier: Apache-2.0 */\n"):
            yield path, 1, "the first line is not the SPDX line"


def sql_in_c(tree):
    statement = re.compile(r'"\s*(SELECT|INSERT INTO|UPDATE|DELETE FROM|CREATE TABLE)\b')
    for path, text in tree.sources("core/", "eventstore/", "commands/", "projections/", "api/"):
        for number, line in lines_of(text):
            if statement.search(line):
                yield path, number, "SQL lives in a .sql file beside its user"


def readmes(tree):
    for room in ROOMS:
        path = f"{room}/README.md"
        if path not in tree.files:
            yield path, 1, "the folder has no README"
        elif tree.files[path].count("\n") > README_LINES:
            yield path, 1, f"longer than {README_LINES} lines"


def golden(tree):
    """tests/vectors/frozen.txt holds `sha256  path` of every vector that readers of old bytes rely on."""
    frozen = "tests/vectors/frozen.txt"
    text = tree.files.get(frozen, "")
    for number, line in lines_of(text):
        if not line.strip():
            continue
        digest, path = line.split(maxsplit=1)
        content = read_bytes(tree, path)
        if content is None:
            yield frozen, number, f"{path} is a golden vector and was deleted"
        elif hashlib.sha256(content).hexdigest() != digest:
            yield frozen, number, f"{path} is a golden vector and was changed"
    for line in removed_lines(tree.root, frozen):
        if line not in text:
            yield frozen, 1, f"a line was removed: {line}"


def read_bytes(tree, path):
    if path in tree.files:
        return tree.files[path].encode()
    try:
        with open(os.path.join(tree.root, path), "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None


def removed_lines(root, path):
    """Every line that a commit took out of the file; none where there is no history."""
    log = subprocess.run(["git", "-C", root, "log", "--format=", "-p", "--", path],
                         capture_output=True, text=True, check=False)
    return re.findall(r"^-(?!-)(.+)$", log.stdout, flags=re.MULTILINE)


RULES = [arrows, doors, banned, purity, no_floats, unbuilt, unfinished, machine_paths, licence,
         sql_in_c, readmes, golden]


def warnings(tree):
    """Sizes past what reads well. They ask for a look, not for a cut in the wrong place."""
    for path, text in tree.sources():
        lines = text.count("\n")
        limit = SIZE_C if path.endswith(".c") else SIZE_H
        if lines > limit * 5 // 4:
            yield path, lines, f"{lines} lines; about {limit} read well"
        if not path.endswith(".c"):
            continue
        for number, length in function_lengths(text):
            if length > SIZE_FUNCTION:
                yield path, number, f"a function of {length} lines; about {SIZE_FUNCTION} read well"


def function_lengths(text):
    """(first line, lines) of each function: our format opens and closes them in column one."""
    began = None
    for number, line in lines_of(text):
        if line == "{":
            began = number
        elif line == "}" and began is not None:
            yield began, number - began
            began = None
