"""Seeds: what people asked, read from ten public datasets in their native shapes.

One module per dataset says how its rows are to be understood; `sources.py` lists them, `acquire.py` finds their
files, `reading.py` reads them, `fill.py` sorts the rows into cells, `assets.py` shows it all to Dagster.
"""
