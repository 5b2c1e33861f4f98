"""A form as an Excel workbook: the template that a unit fills in, and what a filled one says.

layout    which cell of a sheet asks for which field
formulas  what the sheet checks by itself
writing   the template
mapping   the hidden sheet that says which report each sheet is, and which cell holds which field
reading   a filled template, in bounded memory and nothing guessed
"""

# Sheets, each one report of one unit.
MOST_REPORTS = 20
