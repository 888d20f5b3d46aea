/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/gateway/letter.h"

#include "core/base/assert.h"
#include "core/time.h"

static const struct letter {
    const char *subject, *body, *link;
} letters[] = {
#define CF_LETTER(mail, subject, body, link) [CF_MAIL_##mail] = {subject, body, link},
#include "commands/gateway/letters.def"
#undef CF_LETTER
};

static const struct letter *letter_of(enum cf_mail mail)
{
    CF_ASSERT((size_t)mail < sizeof letters / sizeof letters[0] && letters[mail].subject != NULL);
    return &letters[mail];
}

bool cf_letter_wants_ticket(enum cf_mail mail)
{
    return strstr(letter_of(mail)->link, "%T") != NULL;
}

bool cf_letter_is_address(struct cf_bytes text)
{
    size_t at_count = 0;
    for (size_t i = 0; i < text.size; i++) {
        uint8_t byte = text.data[i];
        if (byte <= ' ' || byte == 0x7f || strchr("<>()[],;:\\\"", byte) != NULL)
            return false;
        at_count += byte == '@';
    }
    return text.size >= 3 && text.size <= 254 && at_count == 1 && text.data[0] != '@' &&
           text.data[text.size - 1] != '@';
}

/* "Fri, 20 Nov 2026 23:02:53 +0000" */
static enum cf_status append_date(struct cf_buf *buf, int64_t at_us)
{
    static const char *const days[] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct cf_civil_time civil = cf_time_to_civil(at_us);
    int64_t day = at_us / (INT64_C(86400) * 1000000); /* day 0 was a Thursday */
    return cf_buf_append_format(buf, "Date: %s, %02d %s %04d %02d:%02d:%02d +0000\r\n",
                                days[day % 7], (int)civil.day, months[civil.month - 1],
                                (int)civil.year, (int)civil.hour, (int)civil.minute,
                                (int)civil.second);
}

static enum cf_status append_link(struct cf_buf *buf, const struct cf_letter_facts *facts,
                                  const char *link)
{
    const char *mark = strstr(link, "%T");
    if (link[0] == '\0')
        return CF_OK;
    if (mark == NULL)
        return cf_buf_append_format(buf, "\r\n%s%s\r\n", facts->public_url, link);
    return cf_buf_append_format(buf, "\r\n%s%.*s%s%s\r\n", facts->public_url, (int)(mark - link),
                                link, facts->ticket == NULL ? "" : facts->ticket, mark + 2);
}

enum cf_status cf_letter_write(const struct cf_letter_facts *facts, struct cf_buf *buf)
{
    const struct letter *letter = letter_of(facts->mail);
    if (!cf_letter_is_address(cf_bytes_from_text(facts->from)) ||
        !cf_letter_is_address(cf_bytes_from_text(facts->to)))
        return CF_INVALID;
    CF_TRY(cf_buf_append_format(buf, "From: Coffer <%s>\r\nTo: <%s>\r\nSubject: %s\r\n",
                                facts->from, facts->to, letter->subject));
    CF_TRY(append_date(buf, facts->at_us));
    CF_TRY(cf_buf_append_format(buf,
                                "Message-ID: <%s@%s>\r\n"
                                "MIME-Version: 1.0\r\n"
                                "Content-Type: text/plain; charset=utf-8\r\n"
                                "Content-Transfer-Encoding: 8bit\r\n"
                                "Auto-Submitted: auto-generated\r\n\r\n%s\r\n",
                                facts->name, strchr(facts->from, '@') + 1, letter->body));
    return append_link(buf, facts, letter->link);
}
