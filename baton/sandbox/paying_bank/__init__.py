"""A bank that pays: takes payment files at a door, refuses what it has had, answers late, doubly or not at all.

It knows pain.001 and its own papers and nothing of Baton, so that it can be the judge of what was paid how often.
"""
