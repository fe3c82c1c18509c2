"""The weekly leadership report: a pure function of the marts and the week, as one HTML file and a workbook."""
