#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks the source tree against the house rules of rules.py.

usage: tidy.py ROOT [COMPILE_COMMANDS]

Prints one line per finding and ends with 1 if there is any. Warnings do not count.
"""

import json
import os
import sys

import rules

TEXT_SUFFIXES = (".c", ".h", ".def", ".py", ".sql", ".md", ".txt", ".cmake", ".css", ".html", ".js",
                 ".json", ".service", ".spec")


class Tree:
    """The files below a root: {path: text}, and the sources that some target compiles."""

    def __init__(self, files, compiled, root="."):
        self.files = files
        self.compiled = compiled
        self.root = root

    def sources(self, *folders):
        """(path, text) of each C file below the folders; of all of them when none is named."""
        for path, text in sorted(self.files.items()):
            if path.endswith((".c", ".h")) and (not folders or path.startswith(folders)):
                yield path, text


def read_tree(root, compile_commands):
    files = {}
    for folder, folders, names in os.walk(root):
        folders[:] = [f for f in folders if f not in (".git", "__pycache__")
                      and not (folder == root and f.startswith("build"))]
        for name in names:
            path = os.path.join(folder, name)
            if name.endswith(TEXT_SUFFIXES) or os.access(path, os.X_OK):
                with open(path, encoding="utf-8", errors="replace") as file:
                    files[os.path.relpath(path, root)] = file.read()
    with open(compile_commands, encoding="utf-8") as file:
        compiled = {os.path.relpath(entry["file"], root) for entry in json.load(file)}
    return Tree(files, compiled, root)


def main():
    root = os.path.abspath(sys.argv[1])
    tree = read_tree(root, sys.argv[2])
    for path, line, text in rules.warnings(tree):
        print(f"{path}:{line}: warning: {text}")
    count = 0
    for rule in rules.RULES:
        for path, line, text in rule(tree):
            print(f"{path}:{line}: {text} [{rule.__name__}]")
            count += 1
    print(f"tidy: {len(tree.files)} files, {len(rules.RULES)} rules, {count} findings")
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
