"""The contestants of orchestration.py, one module each, and the server that they ask."""
