-- What of a piece of evidence is compared with others (picture, amount, date, operation numbers, sender), as JSON. Evidence of before
-- has none; its reading still says it all.
ALTER TABLE evidence ADD COLUMN marks TEXT;
