/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: a letter is a whole message whatever its kind, nothing in an address can write headers of its
 * own, and a Maildir keeps one letter of a name.
 * Shown: by writing every kind, with addresses good and hostile, and by sending twice.
 */
#include "commands/gateway/letter.h"
#include "commands/gateway/mail_port.h"
#include "tests/support/cmocka.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>

static void test_letter__is_whole_for_every_kind_of_mail(void **state)
{
    (void)state;
    for (uint32_t mail = 1; mail < cf_choices_mail.count; mail++) {
        if (cf_choice_name(&cf_choices_mail, mail) == NULL)
            continue;
        struct cf_buf buf;
        cf_buf_init(&buf, 1 << 16);
        const struct cf_letter_facts facts = {.mail = (enum cf_mail)mail,
                                              .name = "name-1",
                                              .from = "coffer@example.org",
                                              .to = "ada@example.org",
                                              .public_url = "https://coffer.example",
                                              .ticket = "ticket",
                                              .at_us = INT64_C(1700000000000000)};
        assert_int_equal(cf_letter_write(&facts, &buf), CF_OK);
        assert_int_equal(cf_buf_terminate(&buf), CF_OK);
        const char *text = (const char *)buf.data;
        assert_non_null(strstr(text, "To: <ada@example.org>\r\n"));
        assert_non_null(strstr(text, "Date: Tue, 14 Nov 2023 22:13:20 +0000\r\n"));
        assert_non_null(strstr(text, "Message-ID: <name-1@example.org>\r\n"));
        assert_non_null(strstr(text, "\r\n\r\n"));
        assert_null(strstr(text, "%T"));
        bool wants = cf_letter_wants_ticket((enum cf_mail)mail);
        assert_int_equal(strstr(text, "token=ticket") != NULL, wants);
        cf_buf_clean_up(&buf);
    }
}

static void test_letter__refuses_addresses_that_are_none(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",      "a",     "@b",    "a@",      "a@b@c",   "a b@c", "a@b\r\nBcc: x@y",
        "a@b\n", "<a@b>", "a,b@c", "\"a\"@b", "a@b\x7f",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(cf_letter_is_address(cf_bytes_from_text(bad[i])));
    assert_true(cf_letter_is_address(CF_BYTES_LITERAL("a.b+c@example.org")));
    assert_true(cf_letter_is_address(CF_BYTES_LITERAL("\xc3\xa9@example.org")));
}

static void test_maildir__keeps_one_letter_of_a_name(void **state)
{
    (void)state;
    char directory[] = "/tmp/cf_maildir_XXXXXX", path[128];
    assert_non_null(mkdtemp(directory));
    struct cf_mail_port *port = NULL;
    assert_int_equal(cf_maildir_open(directory, &port, NULL), CF_OK);
    const struct cf_letter letter = {.name = "letter-1",
                                     .from = "a@b",
                                     .to = "c@d",
                                     .text = CF_BYTES_LITERAL("Subject: x\r\n\r\nbody\r\n")};
    for (int i = 0; i < 3; i++)
        assert_int_equal(cf_mail_port_send(port, &letter, NULL), CF_OK);
    static const char *const folders[] = {"/new", "/tmp", "/cur", ""};
    static const int counts[] = {1, 0, 0};
    for (size_t i = 0; i < 4; i++) {
        snprintf(path, sizeof path, "%s%s", directory, folders[i]);
        int count = 0;
        if (i < 3) {
            DIR *dir = opendir(path);
            for (const struct dirent *entry; (entry = readdir(dir)) != NULL;)
                count += entry->d_name[0] != '.';
            closedir(dir);
            assert_int_equal(count, counts[i]);
        }
        if (i == 0) {
            struct stat about;
            snprintf(path, sizeof path, "%s/new/letter-1", directory);
            assert_int_equal(stat(path, &about), 0);
            assert_int_equal(about.st_size, letter.text.size);
            assert_int_equal(unlink(path), 0);
            snprintf(path, sizeof path, "%s/new", directory);
        }
        assert_int_equal(rmdir(path), 0);
    }
    cf_mail_port_close(port);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_letter__is_whole_for_every_kind_of_mail),
        cmocka_unit_test(test_letter__refuses_addresses_that_are_none),
        cmocka_unit_test(test_maildir__keeps_one_letter_of_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
