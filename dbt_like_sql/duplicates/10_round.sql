-- One round of the choice, to be repeated until `undecided` is empty. A row is kept if no better row that resembles it is
-- undecided, and what resembles a kept row is left out. So each round decides at least the best row that is undecided.
CREATE OR REPLACE TEMP TABLE kept AS
WITH best AS (
    SELECT class, min(rank) AS rank
    FROM undecided
    GROUP BY class
),

rivals AS (
    SELECT links.class, min(best.rank) AS rank
    FROM links
    JOIN best ON best.class = links.other
    GROUP BY links.class
)

SELECT rank
FROM kept
UNION ALL
SELECT undecided.rank
FROM undecided
JOIN rivals USING (class)
GROUP BY undecided.rank
HAVING min(rivals.rank) = undecided.rank;

CREATE OR REPLACE TEMP TABLE undecided AS
WITH reached AS (
    SELECT DISTINCT links.other AS class
    FROM undecided
    SEMI JOIN kept USING (rank)
    JOIN links USING (class)
),

decided AS (
    SELECT rank
    FROM undecided
    SEMI JOIN reached USING (class)
)

SELECT undecided.rank, undecided.class
FROM undecided
ANTI JOIN decided USING (rank)
