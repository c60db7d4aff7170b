"""How sure a number is that rests on works: which of them there happened to be, and which of them
kept their affiliations.

resampling      the works drawn again, many times: intervals of values, ranks and changes
dispersion      how much more than a Poisson count an institution's works vary from year to year
permutation     the works shuffled between two windows: p of a share
influence       the measure again without one work
completeness    P(a work's affiliations are complete), and the weights that make up for it
unevenness      how much wider those weights make an interval
"""
