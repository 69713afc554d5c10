"""Gates: what is measured about a pair before it is kept. Pure functions; outcomes.py decides with their figures."""
