"""Records in data files: delimited text and XLSX, read and written."""
