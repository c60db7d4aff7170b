"""Any question, one path: names are read into a frozen question, the question is put as one
statement, its cells are given intervals, shares and coverage, two periods their change and who drives
it, and all is said in words or files.
"""
