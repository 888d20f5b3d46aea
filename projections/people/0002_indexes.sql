-- indexes
CREATE INDEX person_with_role ON person (roles) WHERE roles > 2;
CREATE INDEX card_of_person ON card (person) WHERE NOT is_removed;
CREATE INDEX consent_of_person ON consent (person, sequence);
