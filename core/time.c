/* SPDX-License-Identifier: Apache-2.0 */
#include "core/time.h"

#include "core/base/assert.h"

#include <stdio.h>

/* Days since the epoch of a day in the proleptic Gregorian calendar, counted in eras of 400 years
 * that begin on 1 March, so that the leap day is the last day of its year. */
static int64_t days_from_date(int year, int month, int day)
{
    int64_t shifted_year = month <= 2 ? year - 1 : year;
    int64_t era = shifted_year / 400;
    int64_t year_of_era = shifted_year - era * 400;
    int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

static void date_from_days(int64_t days, struct cf_civil_time *ret_civil)
{
    int64_t shifted = days + 719468;
    int64_t era = shifted / 146097;
    int64_t day_of_era = shifted - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t shifted_month = (5 * day_of_year + 2) / 153;
    ret_civil->day = (int)(day_of_year - (153 * shifted_month + 2) / 5 + 1);
    ret_civil->month = (int)(shifted_month < 10 ? shifted_month + 3 : shifted_month - 9);
    ret_civil->year = (int)(year_of_era + era * 400 + (ret_civil->month <= 2));
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return month == 2 && leap ? 29 : days[month - 1];
}

struct cf_civil_time cf_time_to_civil(int64_t time_us)
{
    CF_ASSERT(time_us >= 0 && time_us <= CF_TIME_MAX_US);
    struct cf_civil_time civil = {0};
    date_from_days(time_us / CF_DAY_US, &civil);
    int64_t rest = time_us % CF_DAY_US;
    civil.hour = (int)(rest / CF_HOUR_US);
    civil.minute = (int)(rest / CF_MINUTE_US % 60);
    civil.second = (int)(rest / CF_SECOND_US % 60);
    civil.microsecond = (int)(rest % CF_SECOND_US);
    return civil;
}

enum cf_status cf_time_from_civil(struct cf_civil_time civil, int64_t *ret_time_us)
{
    if (civil.year < 1970 || civil.year > 9999 || civil.month < 1 || civil.month > 12)
        return CF_RANGE;
    if (civil.day < 1 || civil.day > days_in_month(civil.year, civil.month))
        return CF_RANGE;
    if (civil.hour < 0 || civil.hour > 23 || civil.minute < 0 || civil.minute > 59)
        return CF_RANGE;
    if (civil.second < 0 || civil.second > 59 || civil.microsecond < 0 ||
        civil.microsecond > 999999)
        return CF_RANGE;
    *ret_time_us = days_from_date(civil.year, civil.month, civil.day) * CF_DAY_US +
                   civil.hour * CF_HOUR_US + civil.minute * CF_MINUTE_US +
                   civil.second * CF_SECOND_US + civil.microsecond;
    return CF_OK;
}

void cf_time_print(int64_t time_us, char ret_text[CF_TIME_TEXT_SIZE])
{
    struct cf_civil_time civil = cf_time_to_civil(time_us);
    char fraction[8] = "";
    if (civil.microsecond != 0)
        snprintf(fraction, sizeof fraction, ".%06u", (unsigned)civil.microsecond % 1000000);
    snprintf(ret_text, CF_TIME_TEXT_SIZE, "%04u-%02u-%02uT%02u:%02u:%02u%sZ",
             (unsigned)civil.year % 10000, (unsigned)civil.month % 100, (unsigned)civil.day % 100,
             (unsigned)civil.hour % 100, (unsigned)civil.minute % 100, (unsigned)civil.second % 100,
             fraction);
}

/* Takes `count` digits off the front. */
static enum cf_status take_number(struct cf_bytes *text, int count, int *ret_number)
{
    int number = 0;
    if (text->size < (size_t)count)
        return CF_INVALID;
    for (int i = 0; i < count; i++) {
        uint8_t digit = text->data[i];
        if (digit < '0' || digit > '9')
            return CF_INVALID;
        number = number * 10 + (digit - '0');
    }
    text->data += count;
    text->size -= (size_t)count;
    *ret_number = number;
    return CF_OK;
}

/* Takes one of two characters off the front. */
static enum cf_status take_either(struct cf_bytes *text, char first, char second)
{
    if (text->size == 0 || (text->data[0] != (uint8_t)first && text->data[0] != (uint8_t)second))
        return CF_INVALID;
    text->data++;
    text->size--;
    return CF_OK;
}

static enum cf_status take_fraction(struct cf_bytes *text, int *ret_microsecond)
{
    int microsecond = 0, digits = 0;
    CF_TRY(take_either(text, '.', '.'));
    while (text->size > 0 && text->data[0] >= '0' && text->data[0] <= '9') {
        int digit;
        CF_TRY(take_number(text, 1, &digit));
        microsecond = microsecond * 10 + digit;
        if (++digits > 6)
            return CF_INVALID;
    }
    if (digits == 0)
        return CF_INVALID;
    for (; digits < 6; digits++)
        microsecond *= 10;
    *ret_microsecond = microsecond;
    return CF_OK;
}

/* `Z`, `+hh:mm` or `-hh:mm`, as what to subtract from the local time. */
static enum cf_status take_offset(struct cf_bytes *text, int64_t *ret_offset_us)
{
    if (take_either(text, 'Z', 'z') == CF_OK) {
        *ret_offset_us = 0;
        return CF_OK;
    }
    int hour, minute;
    bool west = text->size > 0 && text->data[0] == '-';
    CF_TRY(take_either(text, '+', '-'));
    CF_TRY(take_number(text, 2, &hour));
    CF_TRY(take_either(text, ':', ':'));
    CF_TRY(take_number(text, 2, &minute));
    if (hour > 23 || minute > 59)
        return CF_INVALID;
    int64_t offset_us = hour * CF_HOUR_US + minute * CF_MINUTE_US;
    *ret_offset_us = west ? -offset_us : offset_us;
    return CF_OK;
}

enum cf_status cf_time_parse(struct cf_bytes text, int64_t *ret_time_us)
{
    struct cf_civil_time civil = {0};
    int64_t offset_us, local_us;
    CF_TRY(take_number(&text, 4, &civil.year));
    CF_TRY(take_either(&text, '-', '-'));
    CF_TRY(take_number(&text, 2, &civil.month));
    CF_TRY(take_either(&text, '-', '-'));
    CF_TRY(take_number(&text, 2, &civil.day));
    CF_TRY(take_either(&text, 'T', 't'));
    CF_TRY(take_number(&text, 2, &civil.hour));
    CF_TRY(take_either(&text, ':', ':'));
    CF_TRY(take_number(&text, 2, &civil.minute));
    CF_TRY(take_either(&text, ':', ':'));
    CF_TRY(take_number(&text, 2, &civil.second));
    if (text.size > 0 && text.data[0] == '.')
        CF_TRY(take_fraction(&text, &civil.microsecond));
    CF_TRY(take_offset(&text, &offset_us));
    if (text.size != 0)
        return CF_INVALID;
    if (civil.year < 1970)
        return CF_RANGE;
    if (cf_time_from_civil(civil, &local_us) != CF_OK)
        return CF_INVALID;
    if (local_us < offset_us || local_us - offset_us > CF_TIME_MAX_US)
        return CF_RANGE;
    *ret_time_us = local_us - offset_us;
    return CF_OK;
}
