"""Recipes: the strategies, one file each: what a teacher is shown, what it is asked for, and how its answer is read."""
