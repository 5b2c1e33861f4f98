"""chitieu: programme reporting and target tracking down an administrative tree."""
