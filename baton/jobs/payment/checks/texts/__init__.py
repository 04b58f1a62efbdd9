"""What the rules say in further languages; in English and Chinese each rule says it itself."""
