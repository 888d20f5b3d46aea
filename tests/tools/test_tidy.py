#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Promised: each house rule finds what it is there to find, and leaves good code alone.
Shown: on small trees, one that breaks the rule and one that keeps it; no rule goes without."""

import hashlib
import os
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../../tools/tidy"))
import rules  # noqa: E402
import tidy  # noqa: E402

SPDX = "/* SPDX-License-Identifier: Apache-2.0 */\n"

# rule: [(files that break it, files that keep it), …]
CASES = {
    rules.arrows: [
        ({"core/a.c": '#include "eventstore/log.h"\n'}, {"core/a.c": '#include "core/b.h"\n'}),
        ({"commands/a.c": '#include "projections/b.h"\n'}, {"api/a.c": '#include "projections/b.h"\n'}),
        ({"projections/a.c": '#include "commands/b.h"\n'}, {"tools/a.c": '#include "api/b.h"\n'}),
        ({"api/a.c": '#include "tools/b.h"\n'}, {"tests/a.c": '#include "tools/b.h"\n'}),
        ({"core/a.c": '#include "b.h"\n'}, {"core/a.c": "#include <stdio.h>\n"}),
    ],
    rules.doors: [
        ({"commands/writer.c": "#include <lmdb.h>\n"}, {"eventstore/lmdb_env.c": "#include <lmdb.h>\n"}),
        ({"api/route.c": "#include <libpq-fe.h>\n"}, {"projections/pg.c": "#include <libpq-fe.h>\n"}),
        ({"commands/a.c": "#include <nng/nng.h>\n"}, {"tools/bench/a.c": "#include <lmdb.h>\n"}),
        ({"tests/core/a.c": "#include <cmocka.h>\n"}, {"tests/support/cmocka.h": "#include <cmocka.h>\n"}),
    ],
    rules.banned: [
        ({"core/a.c": "x = time(NULL);\n"}, {"core/a.c": "/* time(NULL) */ x = event_time(e);\n"}),
        ({"core/a.c": "sprintf(a, b);\n"}, {"core/a.c": "snprintf(a, 1, b);\n"}),
        ({"tests/a.c": "sleep(1);\n"}, {"tests/a.c": 'system("rm x");\n'}),
        ({"core/a.c": "x = random();\n"}, {"tests/a.c": "x = random();\n"}),
        ({"api/a.c": "system(x);\n"}, {"api/a.c": 'text = "system(x)";\n'}),
    ],
    rules.purity: [
        ({"core/a.c": "#include <time.h>\n"}, {"eventstore/a.c": "#include <time.h>\n"}),
        ({"commands/decide/a.c": "#include <unistd.h>\n"}, {"commands/writer.c": "#include <unistd.h>\n"}),
    ],
    rules.no_floats: [
        ({"core/money.c": "double rate;\n"}, {"core/money.c": "/* no double */ int64_t rate;\n"}),
        ({"api/a.c": "x = json_real_value(y);\n"}, {"tools/bench/a.c": "double rate;\n"}),
    ],
    rules.unbuilt: [
        ({"core/lost.c": ""}, {"core/built.c": ""}),
        ({"core/lost.h": ""}, {"core/a.h": "", "core/built.c": '#include "core/a.h"\n'}),
        ({"core/lost.def": ""}, {"core/all.def": "CF_EVENT(1, found, x)\n", "core/found.def": "",
                                 "core/built.c": '#include "core/all.def"\n'}),
        ({"core/a.def": ""}, {"core/a.def": "",
                              "core/built.c": '#define A_FILE "core/a.def"\n#include A_FILE\n'}),
    ],
    rules.unfinished: [
        ({"core/a.c": "/* TODO */\n"}, {"core/a.c": "/* done */\n"}),
        ({"README.md": "not implemented\n"}, {"api/web/a.html": '<input placeholder="name">\n'}),
        ({"core/a.c": "/* a stub for now */\n"}, {"core/a.c": "/* stands for nowhere */\n"}),
    ],
    rules.machine_paths: [
        ({"tools/check": "cd /work/x\n"}, {"tools/check": "cd ~/coffer && ls /var/lib/coffer\n"}),
        ({"README.md": "in /home/me/coffer\n"}, {"README.md": "tests/work/list and a/home/me/b\n"}),
    ],
    rules.licence: [
        ({"core/a.c": "int a;\n"}, {"core/a.c": SPDX + "int a;\n"}),
    ],
    rules.sql_in_c: [
        ({"projections/a.c": 'run("SELECT 1");\n'}, {"projections/a.c": 'run("count_rows");\n'}),
    ],
    rules.readmes: [
        ({}, {f"{room}/README.md": "short\n" for room in rules.ROOMS}),
        ({f"{room}/README.md": "long\n" * 61 for room in rules.ROOMS},
         {f"{room}/README.md": "short\n" * 60 for room in rules.ROOMS}),
    ],
}


def tree_of(files, root="/nonexistent"):
    return tidy.Tree(files, {"core/built.c"}, root)


class Rules(unittest.TestCase):
    def test_every_rule_can_fail_and_can_pass(self):
        for rule, cases in CASES.items():
            for bad, good in cases:
                self.assertTrue(list(rule(tree_of(bad))), f"{rule.__name__} did not see {bad}")
                self.assertEqual(list(rule(tree_of(good))), [], f"{rule.__name__} refused {good}")

    def test_no_rule_goes_without(self):
        for rule in rules.RULES:
            self.assertIn(rule, [*CASES, rules.golden])

    def test_a_finding_names_its_line(self):
        tree = tree_of({"core/a.c": "\n\n#include <time.h>\n"})
        self.assertEqual([line for _, line, _ in rules.purity(tree)], [3])

    def test_long_files_and_functions_are_pointed_out(self):
        tree = tree_of({"core/a.c": "int a(void)\n{\n" + "b();\n" * 600 + "}\n"})
        self.assertEqual(len(list(rules.warnings(tree))), 2)
        tree = tree_of({"core/a.c": "int a(void)\n{\n" + "b();\n" * 60 + "}\n"})
        self.assertEqual(list(rules.warnings(tree)), [])


class Golden(unittest.TestCase):
    """The frozen list is held against the files and against its own history."""

    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.root = self.temporary.name
        self.git("init", "-q")
        self.line = hashlib.sha256(b"00\n").hexdigest() + "  tests/vectors/a.hex\n"
        self.write("tests/vectors/a.hex", "00\n")
        self.write("tests/vectors/frozen.txt", self.line)
        self.commit()

    def tearDown(self):
        self.temporary.cleanup()

    def git(self, *arguments):
        subprocess.run(["git", "-C", self.root, "-c", "user.name=t", "-c", "user.email=t@localhost",
                        *arguments], check=True, capture_output=True)

    def write(self, path, text):
        path = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)

    def commit(self):
        self.git("add", "-A")
        self.git("commit", "-qm", "change")

    def findings(self):
        self.write("compile_commands.json", "[]")
        tree = tidy.read_tree(self.root, os.path.join(self.root, "compile_commands.json"))
        return [text for _, _, text in rules.golden(tree)]

    def test_what_stays_is_fine_and_so_is_what_is_added(self):
        self.assertEqual(self.findings(), [])
        more = hashlib.sha256(b"01\n").hexdigest() + "  tests/vectors/b.hex\n"
        self.write("tests/vectors/b.hex", "01\n")
        self.write("tests/vectors/frozen.txt", self.line + more)
        self.commit()
        self.assertEqual(self.findings(), [])

    def test_a_deleted_or_changed_vector_is_found(self):
        self.write("tests/vectors/a.hex", "ff\n")
        self.assertIn("was changed", self.findings()[0])
        os.remove(os.path.join(self.root, "tests/vectors/a.hex"))
        self.assertIn("was deleted", self.findings()[0])

    def test_a_vector_cannot_leave_together_with_its_line(self):
        os.remove(os.path.join(self.root, "tests/vectors/a.hex"))
        self.write("tests/vectors/frozen.txt", "")
        self.commit()
        self.assertIn("a line was removed", self.findings()[0])


if __name__ == "__main__":
    unittest.main()
