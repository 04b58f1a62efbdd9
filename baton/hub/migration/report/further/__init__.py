"""What a migration's report says in further languages; English and Chinese stand side by side in `texts`, `terms`."""
