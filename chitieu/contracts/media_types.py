"""Names of what is sent and answered that is no JSON."""

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
