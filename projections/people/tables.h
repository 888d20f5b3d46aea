/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_PROJECTIONS_PEOPLE_TABLES_H
#define CF_PROJECTIONS_PEOPLE_TABLES_H

/* The rows of the model `people`: accounts, saved cards, consent. */

#define CF_ROW person
#define CF_ROW_FILE "projections/people/person.def"
#define CF_ROW_APPENDED false
#include "projections/row.h"

#define CF_ROW card
#define CF_ROW_FILE "projections/people/card.def"
#define CF_ROW_APPENDED false
#include "projections/row.h"

#define CF_ROW consent
#define CF_ROW_FILE "projections/people/consent.def"
#define CF_ROW_APPENDED true
#include "projections/row.h"

#endif
