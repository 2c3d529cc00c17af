"""How far trials are trained.

``RULE`` counts the changes to where rungs end and who goes on: with another, the same search has another table.
"""

RULE = 2
