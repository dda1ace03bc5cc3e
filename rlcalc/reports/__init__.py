"""Reports: from nouns and results to a page of sentences, pictures and tables, a file a kind."""
