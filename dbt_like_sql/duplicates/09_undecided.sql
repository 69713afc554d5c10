-- Before the first round no row that shares a class is decided, and none is kept.
CREATE OR REPLACE TEMP TABLE undecided AS
SELECT rank, class
FROM classes;

CREATE OR REPLACE TEMP TABLE kept AS
SELECT NULL::INTEGER AS rank
LIMIT 0
