-- What the dataset cards say that the lake is compared with: rows per language, and the total that the text states.
-- Another card is audited by adding its figures here.
SELECT card, stated_total, language, rows
FROM (
    VALUES
        ('PolyglotTeachers-SFT-Synth', 315596, 'id', 85952),
        ('PolyglotTeachers-SFT-Synth', 315596, 'de', 83878),
        ('PolyglotTeachers-SFT-Synth', 315596, 'ar', 77770),
        ('PolyglotTeachers-SFT-Synth', 315596, 'tl', 40875),
        ('PolyglotTeachers-SFT-Synth', 315596, 'ja', 27198),
        ('PolyglotTeachers-SFT-Synth', 315596, 'es', 25609),
        ('PolyglotTeachers-SFT-Synth', 315596, 'cs', 15189)
) AS cards (card, stated_total, language, rows)
ORDER BY card, rows DESC, language
